"""The course of training, read back from `metrics.csv`."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from stq.app._epochs import number, read_epochs
from stq.app._run_folder import RunFolder
from stq.app.report_data._report_data import LearningCurves, LossCurve
from stq.errors import CheckFailed


def learning_curves(run: RunFolder, audit: Mapping[str, Any] | None) -> LearningCurves | None:
    """An entry an epoch; None where no epoch ended. Raises CheckFailed where the file is damaged."""
    epochs = read_epochs(run)
    rows = epochs.rows
    if not rows:
        return None
    names = [column.removeprefix("train_") for column in rows[0] if column.startswith("train_")]
    try:
        return LearningCurves(
            epochs=tuple(int(row["epoch"]) for row in rows),
            learning_rates=_column(rows, "lr"),
            val_central=_column(rows, "val_central"),
            best_epoch=epochs.best or None,
            losses=tuple(
                LossCurve(name, moved_by(name, audit), _column(rows, f"train_{name}"), _column(rows, f"val_{name}"))
                for name in names
            ),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise CheckFailed(f"{run.metrics}: damaged ({error}); the run is not whole") from error


def moved_by(loss: str, audit: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The groups that the audit says this loss may update."""
    if audit is None:
        return ()
    return tuple(cell["group"] for cell in audit["matrix"] if cell["loss"] == loss and cell["allowed"] > 0)


def _column(rows: Sequence[Mapping[str, str]], name: str) -> tuple[float | None, ...]:
    values = (number(row[name]) for row in rows)
    return tuple(value if isfinite(value) else None for value in values)

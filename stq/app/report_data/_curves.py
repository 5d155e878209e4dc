"""The course of training, read back from `metrics.csv`."""

import csv
import math
from collections.abc import Mapping
from typing import Any

from stq.app._run_folder import RunFolder
from stq.app.report_data._report_data import LearningCurves, LossCurve
from stq.errors import CheckFailed


def learning_curves(run: RunFolder, audit: Mapping[str, Any] | None) -> LearningCurves | None:
    """An entry an epoch; None where no epoch ended. Raises CheckFailed where the file is damaged."""
    if not run.metrics.is_file():
        return None
    try:
        with run.metrics.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            return None
        names = [column.removeprefix("train_") for column in rows[0] if column.startswith("train_")]
        best = [int(row["epoch"]) for row in rows if row["best"] == "1"]
        return LearningCurves(
            epochs=tuple(int(row["epoch"]) for row in rows),
            learning_rates=_column(rows, "lr"),
            val_central=_column(rows, "val_central"),
            best_epoch=best[-1] if best else None,
            losses=tuple(
                LossCurve(name, groups_of(name, audit), _column(rows, f"train_{name}"), _column(rows, f"val_{name}"))
                for name in names
            ),
        )
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise CheckFailed(f"{run.metrics}: damaged ({error}); the run is not whole") from error


def groups_of(loss: str, audit: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The groups that the audit says this loss may update."""
    if audit is None:
        return ()
    return tuple(cell["group"] for cell in audit["matrix"] if cell["loss"] == loss and cell["allowed"] > 0)


def _column(rows: list[dict[str, str]], name: str) -> tuple[float | None, ...]:
    return tuple(_number(row[name]) for row in rows)


def _number(text: str) -> float | None:
    value = float(text) if text else math.nan
    return value if math.isfinite(value) else None

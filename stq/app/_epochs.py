"""What `metrics.csv` tells of a run: how long it trained, and how fast its bands settled."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

from stq.app._metrics_file import rows_of
from stq.app._run_folder import RunFolder
from stq.errors import CheckFailed

NEAR = 1.02
"""Within 2 % of the best."""


@dataclass(frozen=True)
class Epochs:
    """The rows of a run. Epochs count from 1; `best` is the last that was the best by what training monitors."""

    count: int
    steps: int
    best: int
    seconds: float
    rows: tuple[Mapping[str, str], ...]

    def bands(self, weights: Mapping[str, float]) -> tuple[float, ...]:
        """The validation loss of the quantiles after each epoch: the weighted sum of these losses; inf where none."""
        return tuple(sum((w * number(row.get(f"val_{name}")) for name, w in weights.items()), 0.0) for row in self.rows)


def read_epochs(run: RunFolder) -> Epochs:
    """Raises CheckFailed where the file is damaged."""
    try:
        rows = tuple(rows_of(run.read_text(run.metrics))) if run.metrics.is_file() else ()
        return Epochs(
            count=len(rows),
            steps=max((int(row["step"]) for row in rows), default=0),
            best=max((int(row["epoch"]) for row in rows if row["best"] == "1"), default=0),
            seconds=sum(float(row["seconds"]) for row in rows),
            rows=rows,
        )
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise CheckFailed(f"{run.metrics}: damaged ({error}); the run is not whole") from error


def epochs_until(curve: tuple[float, ...], best: float) -> int | None:
    """The first epoch whose loss is within 2 % of `best`, a positive number; None where none comes so near."""
    return next((epoch for epoch, loss in enumerate(curve, 1) if loss <= NEAR * best), None)


def number(text: str | None) -> float:
    """A cell of the table; an empty one is infinitely far from any best."""
    value = float(text) if text else inf
    return value if isfinite(value) else inf

"""The training climatology: what is normal at each cell, by calendar month where the training part can tell."""

import numpy as np
from jaxtyping import Bool, Float64, Int64

_CYCLES = 2


def climatology_months(
    months: Int64[np.ndarray, " N"], years: Int64[np.ndarray, " N"], train: range
) -> tuple[int, ...]:
    """The calendar months to tell apart: those of the whole series, or none.

    Each of them must occur in at least two years of the training part; else one mean over all months must do.
    """
    present = sorted(set(months.tolist()))
    seen = set(zip(months[train.start : train.stop].tolist(), years[train.start : train.stop].tolist(), strict=True))
    cycles = {month: sum(1 for other, _ in seen if other == month) for month in present}
    return tuple(present) if len(present) > 1 and min(cycles.values()) >= _CYCLES else ()


class CellMeans:
    """The mean of each cell over the valid steps of each of `count` phases, from blocks of steps in ascending order.

    Steps are added one after the other, so that the result does not depend on how they came in blocks.
    """

    def __init__(self, count: int, size: tuple[int, int]) -> None:
        self._totals = np.zeros((count, *size))
        self._counts = np.zeros((count, *size), dtype=np.int64)

    def add(
        self, known: Float64[np.ndarray, "n Y X"], valid: Bool[np.ndarray, "n Y X"], phases: Int64[np.ndarray, " n"]
    ) -> None:
        """A block of steps: `known` holds 0 where not `valid`."""
        for phase in np.unique(phases):
            chosen = known[phases == phase]
            chosen[0] += self._totals[phase]
            self._totals[phase] = chosen.sum(axis=0)
            self._counts[phase] += valid[phases == phase].sum(axis=0)

    def maps(self) -> tuple[Float64[np.ndarray, "P Y X"], Bool[np.ndarray, "Y X"]]:
        """The means, and which cells have any.

        A cell without a valid value in a phase takes its mean over all phases; one without any holds 0.
        """
        totals, counts = self._totals, self._counts
        overall = totals.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
        return np.where(counts > 0, totals / np.maximum(counts, 1), overall), counts.sum(axis=0) > 0

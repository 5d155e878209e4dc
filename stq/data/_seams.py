"""Whether a field that was put together from tiles shows it: how it steps where one tile hands over to the next."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32

from stq.data._blend import Reach, reaches


class Seams:
    """The mean absolute step from cell to cell where tiles hand over, over that of their neighbourhood.

    1 means that forecasts go from tile to tile as they go on within tiles; 2 that they step twice as far there. A step
    is between two cells side by side, in a row or in a column; one hands over where the weights of `blend` change along
    it. The neighbourhood is what lies within a quarter of a tile's side of such a place and is none itself: a field
    that is steeper here than there has no seam for that. Memory is that of one row of each forecast.
    """

    def __init__(self, size: tuple[int, int], side: int, overlap: int, variables: Sequence[str]) -> None:
        self._names, self._rows = tuple(variables), size[0]
        self._hands_over = [handing_over(reaches(length, side, overlap), length) for length in size]
        self._near = max(1, side // 4)
        self._steps = [np.zeros((len(variables), max(0, length - 1))) for length in size]
        self._known = [np.zeros_like(steps) for steps in self._steps]
        self._last: dict[int, tuple[int, np.ndarray]] = {}

    def add(self, forecast: int, rows: slice, field: Float32[np.ndarray, "C n X"]) -> None:
        """A band of the forecast of that number, the bands of each from the first row to the last."""
        self._count(1, slice(None), np.diff(field, axis=2), axis=1)
        first, before = self._last.get(forecast, (rows.start, field[:, :0]))
        along = np.diff(np.concatenate([before, field], axis=1), axis=1)
        self._count(0, slice(first, rows.stop - 1), along, axis=2)
        self._last[forecast] = rows.stop - 1, field[:, -1:].copy()
        if rows.stop == self._rows:
            del self._last[forecast]

    def ratios(self) -> dict[str, float | None]:
        """By variable; None where nothing is known at such places, or not a step is taken beside them."""
        found: dict[str, float | None] = {}
        for index, name in enumerate(self._names):
            across = beside = 0.0
            for steps, known, hands_over in zip(self._steps, self._known, self._hands_over, strict=True):
                if hands_over.any():
                    one, other = _compared(steps[index], known[index], hands_over, self._near)
                    across, beside = across + one, beside + other
            found[name] = across / beside if beside > 0 else None
        return found

    def _count(self, way: int, places: slice, steps: Float[np.ndarray, "C n m"], axis: int) -> None:
        known = np.isfinite(steps)
        self._steps[way][:, places] += np.where(known, np.abs(steps), 0).sum(axis=axis, dtype=np.float64)
        self._known[way][:, places] += known.sum(axis=axis)


def handing_over(tiles: Sequence[Reach], length: int) -> Bool[np.ndarray, " n"]:
    """Between which cells of an axis, each and the next, the weights of the tiles change."""
    weights = np.zeros((len(tiles), length))
    for index, tile in enumerate(tiles):
        weights[index, tile.start : tile.stop] = tile.weight
    found: Bool[np.ndarray, " n"] = (np.diff(weights, axis=1) != 0).any(axis=0)
    return found


def _compared(
    steps: Float[np.ndarray, " n"], known: Float[np.ndarray, " n"], hands_over: Bool[np.ndarray, " n"], near: int
) -> tuple[float, float]:
    """The sum of the steps at the places that hand over, and what it would be if they were as long as those nearby."""
    distance = np.abs(np.arange(len(steps))[:, None] - np.flatnonzero(hands_over)).min(axis=1)
    beside = (distance > 0) & (distance <= near)
    count = known[beside].sum()
    if not count:
        return 0.0, 0.0
    return float(steps[hands_over].sum()), float(known[hands_over].sum() * steps[beside].sum() / count)

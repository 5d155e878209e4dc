"""A field in overlapping tiles, put together again without seams, a band of rows at a time."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from stq.errors import UsageError


class Reach(NamedTuple):
    """Cells from `start` to before `stop` along one axis, and the weight of each in the blend."""

    start: int
    stop: int
    weight: Float32[np.ndarray, " N"]


Forecast = Callable[[slice, slice], Float32[np.ndarray, "L Y X"]]
"""L maps of the tile of those rows and columns."""


def margin_of(overlap: int) -> int:
    """Cells at the inner border of a tile that have no weight: where a tile may be wrong, since it sees no further."""
    return 3 * overlap // 8


def reaches(length: int, side: int, overlap: int) -> list[Reach]:
    """Tiles of `side` cells along an axis of `length`, neighbours sharing at least `overlap` cells.

    The weights of all tiles add up to 1 in every cell (a partition of unity). Within what two tiles share, the outer
    `margin_of(overlap)` cells of each count nothing and a straight ramp between them leads from one to the other; the
    border of the field is no border of that kind.

    Raises UsageError where tiles of that side don't advance.
    """
    if not 0 <= overlap < side:
        raise UsageError(f"tiles of {side} cells can't share {overlap} of them")
    if length <= side:
        return [Reach(0, length, np.ones(length, dtype=np.float32))]
    number = -(-(length - overlap) // (side - overlap))
    starts = [round(i * (length - side) / (number - 1)) for i in range(number)]
    shares = np.zeros((number, length))
    place = np.arange(length) + 0.5
    rising = np.ones((number, length))
    for i in range(1, number):
        low, high = starts[i], starts[i - 1] + side  # what this tile shares with the one before
        margin = margin_of(high - low)
        width = high - low - 2 * margin
        rising[i] = np.clip((place - low - margin) / width, 0, 1) if width else place >= (low + high) / 2
    for i in range(number):
        shares[i] = rising[i] * (1 - rising[i + 1] if i + 1 < number else 1)
    shares /= shares.sum(axis=0)  # three tiles may meet where the overlap is more than half the side
    return [Reach(s, s + side, shares[i, s : s + side].astype(np.float32)) for i, s in enumerate(starts)]


def blend(
    size: tuple[int, int], side: int, overlap: int, maps: int, forecast: Forecast
) -> Iterator[tuple[slice, Float32[np.ndarray, "L N X"]]]:
    """Forecast every tile of a field and yield bands of finished rows, from the first row to the last.

    No more than a band of `side` rows is held. What a forecast says of a cell from within `margin_of(overlap)` cells
    of the tile's inner border does not count: a network that sees no further than that gives the same field as it does
    in one piece.
    """
    columns = reaches(size[1], side, overlap)
    rows = reaches(size[0], side, overlap)
    band = np.zeros((maps, rows[0].stop - rows[0].start, size[1]), dtype=np.float32)
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        for column in columns:
            found = forecast(slice(row.start, row.stop), slice(column.start, column.stop))
            band[:, :, column.start : column.stop] += row.weight[:, None] * column.weight * found
        done = row.stop if after is None else after.start
        finished = done - row.start
        yield slice(row.start, done), band[:, :finished].copy()
        band[:, : len(row.weight) - finished] = band[:, finished:]
        band[:, len(row.weight) - finished :] = 0

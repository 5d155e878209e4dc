"""Splits in space: squares of the field that training never sees."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from stq.data._field_store import FieldStore, in_blocks
from stq.data._request import Blocks
from stq.errors import DataError


@dataclass(frozen=True, eq=False)
class Areas:
    """Where training may take patches from, and where the other splits are judged."""

    training: Bool[np.ndarray, "Y X"]
    held_out: Bool[np.ndarray, "Y X"]
    notes: tuple[str, ...]


def split_areas(size: tuple[int, int], blocks: Blocks) -> Areas:
    """Hold out a share of the squares, always the same ones for a field of this size.

    Cells nearer than `buffer` to a square held out (in rows and in columns) belong to neither side.

    Raises:
        DataError: there are fewer than two squares.
    """
    corners = [(row, column) for row in range(0, size[0], blocks.size) for column in range(0, size[1], blocks.size)]
    if len(corners) < 2:
        raise DataError(f"data.split.blocks: the field of {size[0]} x {size[1]} cells is one block of {blocks.size}")
    number = min(max(1, round(blocks.held_out * len(corners))), len(corners) - 1)
    held_out, near = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    for index in np.random.default_rng(0).permutation(len(corners))[:number]:
        row, column = corners[index]
        held_out[row : row + blocks.size, column : column + blocks.size] = True
        top, left = max(0, row - blocks.buffer), max(0, column - blocks.buffer)
        near[top : row + blocks.size + blocks.buffer, left : column + blocks.size + blocks.buffer] = True
    note = (
        f"{number} of {len(corners)} blocks of {blocks.size} cells are held out of training, "
        f"with {blocks.buffer} cells around them; the other parts are judged there alone"
    )
    return Areas(~near, held_out, (note,))


def counts_within(fields: FieldStore, targets: int, area: Bool[np.ndarray, "Y X"]) -> Int64[np.ndarray, "N C"]:
    """The valid cells of each step and target within an area."""
    steps = np.arange(fields.shape[0])
    found = np.zeros((len(steps), targets), dtype=np.int64)
    for block in in_blocks(fields, steps, targets):
        values = fields.read(steps[block], fields.whole, slice(0, targets))
        found[block] = np.isfinite(values)[..., area].sum(axis=2)
    return found

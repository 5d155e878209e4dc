"""Coarser grids by block means: fewer, larger cells."""

import numpy as np
from jaxtyping import Float

from stq.data._grid import Grid
from stq.errors import DataError

_LEAST_SHARE = 0.5


def coarsen_field(values: Float[np.ndarray, "*N Y X"], block: tuple[int, int]) -> Float[np.ndarray, "*N y x"]:
    """The mean of each block of (rows, columns) over its valid cells; missing where fewer than half are valid.

    Rows and columns that fill no whole block are left out at the end of the axis.
    """
    blocks = in_blocks_of(values, block)
    valid = np.isfinite(blocks)
    count = valid.sum(axis=(-3, -1))
    total = np.where(valid, blocks, 0).sum(axis=(-3, -1), dtype=np.float64)
    mean = total / np.maximum(count, 1)
    return np.where(count >= _LEAST_SHARE * block[0] * block[1], mean, np.nan).astype(values.dtype)


def coarsen_grid(grid: Grid, block: tuple[int, int]) -> Grid:
    """The same block means of the coordinates; longitude is unwrapped first, so that a block may span the date line.

    Cells count alike, whatever their latitude, as they do in `coarsen_field`.
    """

    def mean(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else in_blocks_of(values, block).mean(axis=(-3, -1))

    def along(values: np.ndarray | None, length: int) -> np.ndarray | None:
        return None if values is None else values[: len(values) // length * length].reshape(-1, length).mean(axis=1)

    lon, x = grid.lon, grid.x
    if lon is not None:
        if x is not None and (lon == x).all():
            x = np.unwrap(x, period=360.0)
        lon = np.unwrap(np.unwrap(lon, period=360.0, axis=1), period=360.0, axis=0)
    size = (grid.size[0] // block[0], grid.size[1] // block[1])
    return Grid(size, along(grid.y, block[0]), along(x, block[1]), mean(grid.lat), mean(lon))


def check_block(size: tuple[int, int], block: tuple[int, int]) -> tuple[str, ...]:
    """What a person should know of coarsening a field of this size: the rows and columns that are left out.

    Raises:
        DataError: a block is larger than the field.
    """
    notes = []
    for name, length, cells in (("rows", size[0], block[0]), ("columns", size[1], block[1])):
        if cells > length:
            raise DataError(f"data.coarsen asks for blocks of {cells} {name}, but the field has {length}")
        if length % cells:
            notes.append(f"coarsen: the last {length % cells} of {length} {name} fill no whole block and are left out")
    return tuple(notes)


def in_blocks_of(values: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    """The same values with a row and a column inside its block on axes -3 and -1, the block's on -4 and -2."""
    rows, columns = values.shape[-2] // block[0], values.shape[-1] // block[1]
    kept = values[..., : rows * block[0], : columns * block[1]]
    return kept.reshape(*values.shape[:-2], rows, block[0], columns, block[1])

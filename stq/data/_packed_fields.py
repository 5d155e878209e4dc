"""Fields in a packed store: raw numbers in files that the system maps into memory page by page."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from stq.data._field_store import FieldStore, Scan, as_index
from stq.data._tiles import Tile

TILE = 128
"""Side of the squares that are kept together: a patch touches a few of them, and each holds its steps in a row."""
_MAPPED_BYTES = 128 * 2**20  # pages read through a map count as this process's memory until the map is dropped


@dataclass(frozen=True)
class StoredTile:
    """A square of the grid: where its steps begin in the file, in numbers, and the cells that it covers."""

    start: int
    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


def stored_tiles(steps: int, size: tuple[int, int], side: int) -> Iterator[StoredTile]:
    """The squares of one variable in the order of the file; those at the far edges are smaller."""
    start = 0
    for row in range(0, size[0], side):
        for column in range(0, size[1], side):
            rows, columns = slice(row, min(row + side, size[0])), slice(column, min(column + side, size[1]))
            tile = StoredTile(start, rows, columns)
            yield tile
            start += steps * tile.size[0] * tile.size[1]


class PackedFields(FieldStore):
    """Some variables of a packed store.

    The files are mapped when first read, by each process for itself, and mapped anew from time to time: what was read
    through a map would count as memory of this process.
    """

    def __init__(self, files: tuple[Path, ...], steps: int, size: tuple[int, int], side: int, scan: Scan) -> None:
        self._files = files
        self._steps, self._size, self._side = steps, size, side
        self._tiles = {
            (tile.rows.start // side, tile.columns.start // side): tile for tile in stored_tiles(steps, size, side)
        }
        self._scan = scan
        self._maps: list[np.ndarray | None] = [None] * len(files)
        self._touched = 0
        self._process = os.getpid()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._steps, len(self._files), *self._size

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        chosen = range(*variables.indices(len(self._files)))
        height, width = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start
        found = np.empty((len(steps), len(chosen), height, width), dtype=np.float32)
        at = as_index(steps)
        for stored in self._touching(tile):
            rows, inner_rows = _shared(stored.rows, tile.rows)
            columns, inner_columns = _shared(stored.columns, tile.columns)
            length = self._steps * stored.size[0] * stored.size[1]
            for index, variable in enumerate(chosen):
                flat = self._map(variable)[stored.start : stored.start + length]
                square = flat.reshape(self._steps, *stored.size)
                found[:, index, rows, columns] = square[at, inner_rows, inner_columns]
            self._touched += 4 * len(steps) * len(chosen) * (inner_rows.stop - inner_rows.start) * stored.size[1]
        if self._touched > _MAPPED_BYTES:
            self.close()
        return found

    def close(self) -> None:
        self._maps, self._touched = [None] * len(self._files), 0

    def stored_scan(self) -> Scan:
        return self._scan

    def __str__(self) -> str:
        return str(self._files[0].parent)

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_maps": [None] * len(self._files), "_touched": 0}

    def _touching(self, tile: Tile) -> Iterator[StoredTile]:
        side = self._side
        for row in range(tile.rows.start // side, -(-tile.rows.stop // side)):
            for column in range(tile.columns.start // side, -(-tile.columns.stop // side)):
                yield self._tiles[row, column]

    def _map(self, variable: int) -> np.ndarray:
        if self._process != os.getpid():
            self.close()
            self._process = os.getpid()
        found = self._maps[variable]
        if found is None:
            found = np.asarray(np.load(self._files[variable], mmap_mode="r", allow_pickle=False))
            self._maps[variable] = found
        return found


def _shared(stored: slice, wanted: slice) -> tuple[slice, slice]:
    """What a stored square and a wanted rectangle share on one axis: in the rectangle, and in the square."""
    start, stop = max(stored.start, wanted.start), min(stored.stop, wanted.stop)
    return slice(start - wanted.start, stop - wanted.start), slice(start - stored.start, stop - stored.start)

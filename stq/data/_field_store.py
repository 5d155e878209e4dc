"""Fields by step, wherever they lie: the one way in which windows and statistics get at numbers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from stq.data._tiles import Tile

BLOCK_BYTES = 32 * 2**20
"""How much of the fields a pass over the series holds at a time."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What one pass over the fields tells of each step and variable."""

    digests: UInt8[np.ndarray, "N V 32"]
    """SHA-256 of each frame: Y X numbers in single precision, row by row."""
    counts: Int64[np.ndarray, "N V"]
    """Cells that are not missing."""


class FieldStore(ABC):
    """N steps of V variables on a grid, in units and single precision; a missing value is NaN.

    Nothing that is read may be written to. A store travels to another process without its open files, and opens them
    again there.
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int, int]:
        """N, V, Y, X."""

    @abstractmethod
    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        """The fields of ascending `steps` within a rectangle."""

    @property
    def chunk(self) -> int:
        """Steps that cost as much to read together as one of them."""
        return 1

    def close(self) -> None:  # noqa: B027 - fields in memory have nothing to close
        """Close what is open; the next `read` opens it again."""

    def stored_scan(self) -> Scan | None:
        """What a pass over the fields found when they were written, where that was kept."""
        return None

    @property
    def whole(self) -> Tile:
        """The whole field."""
        return Tile(slice(0, self.shape[2]), slice(0, self.shape[3]))


class FieldsOver(FieldStore):
    """Fields made of other ones as they are read: their shape, chunks and open files, unless said otherwise."""

    def __init__(self, fields: FieldStore) -> None:
        self._fields = fields

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._fields.shape

    @property
    def chunk(self) -> int:
        return self._fields.chunk

    def close(self) -> None:
        self._fields.close()


class FieldsInMemory(FieldStore):
    """Fields in one array: reading is looking."""

    def __init__(
        self, values: Float32[np.ndarray, "N V Y X"], scan: Scan | None = None, origin: str = "memory"
    ) -> None:
        self.values = values
        self._scan = scan
        self._origin = origin

    @property
    def shape(self) -> tuple[int, int, int, int]:
        steps, variables, rows, columns = self.values.shape
        return steps, variables, rows, columns

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        return self.values[as_index(steps), variables, tile.rows, tile.columns]

    def stored_scan(self) -> Scan | None:
        return self._scan

    def __str__(self) -> str:
        return self._origin


def as_index(steps: Int64[np.ndarray, " n"]) -> "slice | Int64[np.ndarray, ' n']":
    """Steps as a slice where they follow one another: a view instead of a copy."""
    first = int(steps[0]) if len(steps) else 0
    return slice(first, first + len(steps)) if len(steps) and int(steps[-1]) - first == len(steps) - 1 else steps


def in_blocks(
    fields: FieldStore, steps: Int64[np.ndarray, " n"], variables: int, rows: int | None = None
) -> Iterator[slice]:
    """Positions in `steps`, cut so that `variables` of `rows` rows (default all) are at most BLOCK_BYTES at a time.

    Blocks hold whole chunks of the source where a chunk is not larger than that.
    """
    _, _, height, width = fields.shape
    each = max(1, 4 * variables * (height if rows is None else rows) * width)
    length = max(1, BLOCK_BYTES // each)
    if 1 < fields.chunk <= length:
        length -= length % fields.chunk
    start = 0
    while start < len(steps):
        first = int(steps[start])
        end = first - first % length + length if length >= fields.chunk > 1 else first + length
        stop = max(start + 1, min(start + length, int(np.searchsorted(steps, end))))
        yield slice(start, stop)
        start = stop

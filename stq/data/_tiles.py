"""Fields larger than memory or model, cut into square tiles that overlap."""

from dataclasses import dataclass

from stq.errors import DataError


@dataclass(frozen=True)
class Tile:
    """A rectangle of rows and columns of the field."""

    rows: slice
    columns: slice

    @property
    def cells(self) -> int:
        """How many there are in it."""
        height: int = self.rows.stop - self.rows.start
        width: int = self.columns.stop - self.columns.start
        return height * width


def cut_tiles(size: tuple[int, int], patch: tuple[int, int] | None) -> tuple[Tile, ...]:
    """Tiles of (size, overlap) that cover the whole field; the last of a row or column is shifted inside.

    Raises:
        DataError: a tile is larger than the field, or overlaps the next one wholly.
    """
    if patch is None:
        return (Tile(slice(0, size[0]), slice(0, size[1])),)
    length, overlap = patch
    if length > min(size):
        raise DataError(f"data.patch.size is {length}, but the field has {size[0]} x {size[1]} (rows x columns)")
    if not 0 <= overlap < length:
        raise DataError(f"data.patch.overlap is {overlap}: it must be at least 0 and less than the size, {length}")
    return tuple(
        Tile(slice(row, row + length), slice(column, column + length))
        for row in _starts(size[0], length, length - overlap)
        for column in _starts(size[1], length, length - overlap)
    )


def _starts(cells: int, length: int, stride: int) -> list[int]:
    starts = list(range(0, cells - length + 1, stride))
    return starts if starts[-1] + length == cells else [*starts, cells - length]

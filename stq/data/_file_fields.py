"""Fields that stay in their files until a window asks for them."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import xarray as xr
from jaxtyping import Float32, Int64

from stq.data._coarsen import coarsen_field
from stq.data._field_store import FieldStore
from stq.data._open_source import open_source
from stq.data._part import Part
from stq.data._tiles import Tile
from stq.data._variable import read_values, select_variable
from stq.errors import DataError

_OPEN_FILES = 16
_BRIDGED = 8  # steps between two wanted ones that are read along with them rather than in two readings


class FileFields(FieldStore):
    """The parts of a series, one after the other, coarsened as they are read.

    Every process opens the files for itself: handles are dropped when pickled, and those that a fork brought along are
    left alone.
    """

    def __init__(self, parts: Sequence[Part], names: Sequence[str], coarsen: tuple[int, int] | None) -> None:
        self._parts = tuple(parts)
        self._names = tuple(names)
        self._block = coarsen or (1, 1)
        self._starts = np.cumsum([0, *(len(part.dates) for part in parts)])
        self._open: OrderedDict[int, tuple[ExitStack, xr.Dataset]] = OrderedDict()
        self._inherited: object = None
        self._process = os.getpid()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        rows, columns = self._parts[0].grid.size
        return int(self._starts[-1]), len(self._names), rows // self._block[0], columns // self._block[1]

    @property
    def chunk(self) -> int:
        return max(part.chunk for part in self._parts)

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        names = self._names[variables]
        size = (tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start)
        found = np.empty((len(steps), len(names), *size), dtype=np.float32)
        homes = np.searchsorted(self._starts, steps, side="right") - 1
        for home in np.unique(homes):
            at = np.flatnonzero(homes == home)
            local = steps[at] - self._starts[home]
            for run in np.split(np.arange(len(at)), np.flatnonzero(np.diff(local) > _BRIDGED) + 1):
                first = int(local[run[0]])
                for index, name in enumerate(names):
                    span = self._read_span(int(home), name, slice(first, int(local[run[-1]]) + 1), tile)
                    found[at[run], index] = span[local[run] - first]
        return found

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1][0].close()

    def _read_span(self, home: int, name: str, steps: slice, tile: Tile) -> Float32[np.ndarray, "n y x"]:
        part, (high, wide) = self._parts[home], self._block
        axes = part.axes[name]
        rows = slice(tile.rows.start * high, tile.rows.stop * high)
        columns = slice(tile.columns.start * wide, tile.columns.stop * wide)
        variable = select_variable(self._dataset(home), name, part.path, "data")
        assert axes.time is not None  # for the type checker: a part has dates
        piece = variable.isel({axes.time: steps, axes.y: rows, axes.x: columns})
        try:
            values = read_values(piece, axes, part.path)
        except DataError as error:
            if (steps.start, rows.start, columns.start) == (0, 0, 0):
                raise
            origin = f"step {steps.start}, row {rows.start}, column {columns.start}"
            raise DataError(f"{error} (counted from {origin})") from error
        return values if self._block == (1, 1) else coarsen_field(values, self._block)

    def _dataset(self, home: int) -> xr.Dataset:
        if self._process != os.getpid():
            self._inherited, self._open, self._process = self._open, OrderedDict(), os.getpid()
        if home not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._open.popitem(last=False)[1][0].close()
            stack = ExitStack()
            self._open[home] = (stack, stack.enter_context(open_source(self._parts[home].path)))
        self._open.move_to_end(home)
        return self._open[home][1]

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_open": OrderedDict(), "_inherited": None}

"""Fields of which the rows last read are kept, for tiles that are cut from one band of rows after the other."""

from collections import OrderedDict

import numpy as np
from jaxtyping import Float32, Int64

from stq.data._field_store import FieldsOver, FieldStore
from stq.data._tiles import Tile

_KEPT = 3  # a window reads its inputs, its targets, and what is known ahead


class RowsKept(FieldsOver):
    """The same fields: a tile is read with all columns of its rows, and the tiles beside it cost nothing more.

    A compressed file gives up whole chunks, however little of them is wanted.
    """

    def __init__(self, fields: FieldStore) -> None:
        super().__init__(fields)
        self._bands: OrderedDict[tuple[object, ...], np.ndarray] = OrderedDict()

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        whole = self._fields.whole.columns
        if tile.columns == whole:
            return self._fields.read(steps, tile, variables)
        key = (steps.tobytes(), tile.rows.start, tile.rows.stop, variables.start, variables.stop)
        if key not in self._bands:
            while len(self._bands) >= _KEPT:
                self._bands.popitem(last=False)
            self._bands[key] = self._fields.read(steps, Tile(tile.rows, whole), variables)
        self._bands.move_to_end(key)
        return self._bands[key][..., tile.columns]

    def close(self) -> None:
        self._bands.clear()
        super().close()

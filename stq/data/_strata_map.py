"""A map of strata: which part of the field each cell belongs to."""

from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from stq.data._coarsen import in_blocks_of
from stq.data._packed_store import is_store
from stq.data._request import DataRequest, StaticMap
from stq.data._series import Series, read_series
from stq.data._static import read_constant
from stq.errors import CheckFailed, DataError

_MOST = 1000
"""More strata than this are taken for a map that isn't one of classes."""


@dataclass(frozen=True, eq=False)
class StrataMap:
    """The stratum of every cell, as an index into `names`; -1 where the map says nothing."""

    names: tuple[str, ...]
    index: Int64[np.ndarray, "Y X"]

    def to_bytes(self) -> bytes:
        """As a NumPy archive."""
        file = BytesIO()
        np.savez_compressed(file, names=np.array(self.names, dtype=np.str_), index=self.index)
        return file.getvalue()

    @classmethod
    def from_file(cls, path: Path) -> "StrataMap":
        """What `to_bytes` made. Raises CheckFailed where it is damaged."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                names, index = tuple(found["names"].tolist()), found["index"]
        except Exception as error:  # whatever a damaged archive sets off, in any layer
            raise CheckFailed(f"{path}: the map of strata is damaged: {error}") from error
        if index.ndim != 2 or index.dtype != np.int64 or not (index.min() >= -1 and index.max() < len(names)):
            raise CheckFailed(f"{path}: the map of strata is damaged: it names strata that there are none of")
        return cls(names, index)


def read_strata(request: DataRequest, item: StaticMap) -> StrataMap:
    """A map of whole numbers on the grid of the source, each number a stratum.

    Where the series is coarsened, a block is of the stratum that most of its cells are of, the smallest number where
    there are several; the cells that the map says nothing of don't count.

    Raises:
        DataError: no such map, a map on another grid, one that changes in time, or one of other than whole numbers.
    """
    series = read_series(replace(request, memory="lazy"))
    try:
        values = _classes(item, request, series)
    finally:
        series.fields.close()
    known = np.isfinite(values)
    numbers = np.unique(values[known])
    where = f"strata: '{item.variable}'"
    if not len(numbers):
        raise DataError(f"{where} has no value anywhere")
    odd = numbers[numbers != np.round(numbers)]
    if len(odd) or len(numbers) > _MOST:
        found = f"{odd[0]:g}" if len(odd) else f"{len(numbers)} different ones"
        raise DataError(f"{where} must hold whole numbers, one for each stratum and at most {_MOST}; found {found}")
    index = np.where(known, np.searchsorted(numbers, np.where(known, values, numbers[0])), -1)
    if request.coarsen and not is_store(request.source):
        index = _most_frequent(index, request.coarsen, len(numbers))
    return StrataMap(tuple(f"{number:.0f}" for number in numbers), index.astype(np.int64))


def _classes(item: StaticMap, request: DataRequest, series: Series) -> Float32[np.ndarray, "Y X"]:
    constant = series.maps.get(item.variable) if item.file is None else None
    if constant is None and (item.file or not is_store(request.source)):
        constant = read_constant(item, replace(request, coarsen=None), series)
    if constant is None:
        raise DataError(f"strata: '{item.variable}' is no map that is constant in time; name one, or give its file")
    return constant


def _most_frequent(index: Int64[np.ndarray, "Y X"], block: tuple[int, int], count: int) -> Int64[np.ndarray, "y x"]:
    blocks = in_blocks_of(index, block)
    shares = np.stack([(blocks == number).sum(axis=(-3, -1)) for number in range(count)])
    return np.where(shares.max(axis=0) > 0, shares.argmax(axis=0), -1)

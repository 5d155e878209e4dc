"""Frames behind a description, read piece by piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from stq.data import Reader
from stq_rawframes._description import Description, read_description


@dataclass(frozen=True)
class RawReader(Reader):
    """Raw binary frames, described by a JSON file: see this plugin's README."""

    name: ClassVar[str] = "raw"
    suffixes: ClassVar[tuple[str, ...]] = (".raw.json",)

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """The frames as one variable of (time, y, x), without dates: `data.time` gives them."""
        described = read_description(Path(address))
        frames = indexing.LazilyIndexedArray(Frames(described))
        yield xr.Dataset({described.variable: (("time", "y", "x"), frames, {"units": described.units})})


class Frames(BackendArray):
    """All files, one after the other, as one array; what is not indexed is not read."""

    def __init__(self, described: Description) -> None:
        self.described = described
        self.shape = (sum(described.steps), described.rows, described.columns)
        self.dtype = np.dtype(np.float32)
        self.starts = np.cumsum((0, *described.steps))

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> np.ndarray:
        """Rows and columns of some steps, in single precision, with NaN for what is missing."""
        times, rows, columns = key
        steps = np.atleast_1d(np.arange(self.shape[0])[times])
        frames = [self.frame(step)[rows][..., columns] for step in steps]
        cut = np.stack(frames) if frames else np.empty((0, *self.frame(0)[rows][..., columns].shape))
        values = cut.astype(np.float32)
        if self.described.missing is not None:
            values[cut == self.described.missing] = np.nan
        return values[0] if isinstance(times, int | np.integer) else values

    def frame(self, step: int) -> np.ndarray:
        """One frame as it lies in its file."""
        number = int(np.searchsorted(self.starts, step, side="right")) - 1
        d = self.described
        offset = d.header + (step - int(self.starts[number])) * d.rows * d.columns * d.dtype.itemsize
        return np.memmap(d.files[number], dtype=d.dtype, mode="r", offset=offset, shape=(d.rows, d.columns))

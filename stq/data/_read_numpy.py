"""Arrays that NumPy saved."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import xarray as xr

from stq.data._reader import Reader
from stq.errors import DataError

AXES = ("axis_0", "axis_1", "axis_2")
"""What the axes of an array are called: taken for time, rows and columns, unless `data.dims` says otherwise."""
_COORDINATES = {"time": 0, "t": 0, "lat": 1, "latitude": 1, "y": 1, "lon": 2, "longitude": 2, "x": 2}
_COUNTER = re.compile(r"(^|[-_.])[\d\-_.:TZ]*$")


@dataclass(frozen=True)
class NpyReader(Reader):
    """One array of (time, rows, columns), or a map, read piece by piece; no array of Python objects.

    The variable has the file's name without a number or a date at its end: `sst` of sst.npy and of sst_1995.npy.
    """

    name: ClassVar[str] = "npy"
    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """See `Reader.open`."""
        variable = _COUNTER.sub("", Path(address).stem) or "values"
        with _explained(address):
            array = np.load(address, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise DataError(f"{address}: holds several arrays, not one; call it .npz")
        yield _dataset({variable: array}, address)


@dataclass(frozen=True)
class NpzReader(Reader):
    """Arrays by name; one-dimensional ones called time, lat, lon, y or x are the coordinates of the others.

    Archives are read whole, which for a large series takes its memory: save it as .npy.
    """

    name: ClassVar[str] = "npz"
    suffixes: ClassVar[tuple[str, ...]] = (".npz",)

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """See `Reader.open`."""
        with _explained(address), Path(address).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{address}: holds one array, not several; call it .npy")
            arrays = {name: archive[name] for name in archive.files}
        yield _dataset(arrays, address)


def _dataset(arrays: Mapping[str, np.ndarray], address: str) -> xr.Dataset:
    fields, coordinates = {}, {}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise DataError(f"{address}: array '{name}' holds Python objects, which stq never loads")
        if array.ndim in (2, 3):
            fields[name] = (AXES[-array.ndim :], array)
        elif array.ndim == 1 and name.lower() in _COORDINATES:
            coordinates[name] = (AXES[_COORDINATES[name.lower()]], array)
        elif array.ndim > 0 or len(arrays) == 1:
            raise DataError(
                f"{address}: array '{name}' has the shape {array.shape}; it must be (time, rows, columns) or a map of "
                f"(rows, columns), or for an axis be called {', '.join(_COORDINATES)}"
            )
    if not fields:
        raise DataError(f"{address}: holds no array of (time, rows, columns) or (rows, columns)")
    try:
        dataset = xr.Dataset(fields, coordinates)
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{address}: the arrays do not fit together: {shapes}") from error
    time = [name for name in coordinates if coordinates[name][0] == AXES[0]]
    return dataset.swap_dims({AXES[0]: time[0]}) if time else dataset


@contextmanager
def _explained(address: str) -> Iterator[None]:
    if not Path(address).is_file():
        raise DataError(f"{address}: no such file")
    try:
        yield
    except DataError:
        raise
    except PermissionError as error:
        raise DataError(f"{address}: may not be read ({error.strerror})") from error
    except (OSError, ValueError, EOFError, KeyError, SyntaxError, zipfile.BadZipFile, RuntimeError) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            raise DataError(
                f"{address}: holds Python objects (a pickle), which stq never loads: save numbers"
            ) from None
        raise DataError(
            f"{address}: can't be read as NumPy's format, it is damaged or of another kind: {error}"
        ) from error

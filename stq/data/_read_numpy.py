"""Arrays that NumPy saved."""

import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import xarray as xr

from stq.data._reader import Reader, absent
from stq.errors import DataError

AXES = ("axis_0", "axis_1", "axis_2")
"""What the axes of an array are called: taken for time, rows and columns, unless `data.dims` says otherwise."""
_COORDINATES = {"time": 0, "t": 0, "lat": 1, "latitude": 1, "y": 1, "lon": 2, "longitude": 2, "x": 2}
_READ_WHOLE_BYTES = 2**26
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

    A large array is read piece by piece where it is stored as it is (`np.savez`); a compressed one is read whole, which
    takes its memory, and small ones are too, since that compares them with their checksum.
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
            members = {each.filename.removesuffix(".npy"): each for each in zipfile.ZipFile(file).infolist()}
            arrays = {name: _member(archive, members[name], file, address) for name in archive.files}
        yield _dataset(arrays, address)


def _member(archive: Any, member: zipfile.ZipInfo, file: BinaryIO, address: str) -> np.ndarray:
    """One array of an archive: mapped into memory where it lies there in one piece and is large."""
    name = member.filename.removesuffix(".npy")
    if member.compress_type == zipfile.ZIP_STORED and member.file_size > _READ_WHOLE_BYTES:
        file.seek(member.header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)  # past the member's name and extra fields
        version = np.lib.format.read_magic(file)
        if version in ((1, 0), (2, 0)):
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, by_column, dtype = read(file)
            if not dtype.hasobject:
                return np.memmap(file, dtype, "r", file.tell(), shape, "F" if by_column else "C")
    if member.file_size > _memory_bytes():
        raise DataError(
            f"{address}: array '{name}' takes {member.file_size / 1e9:.1f} GB, which is more memory than there is, and "
            f"is read whole since it is compressed; save it by np.savez, or as .npy"
        )
    return np.asarray(archive[name])


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


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
        raise DataError(f"{address}: no such file") from absent(address)
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

"""From what the user wrote as `data.source` to open NetCDF files, or one clear error."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from stq.data._grid import LATITUDE_NAMES, LONGITUDE_NAMES
from stq.errors import DataError

_GLOB_CHARACTERS = frozenset("*?[")
_DATES = xr.coders.CFDatetimeCoder(
    time_unit="us"
)  # nanoseconds end in 2262, and later files would decode to another type


def list_files(source: Sequence[str]) -> tuple[Path, ...]:
    """Every file that `source` (paths and globs) names, each once, in the order given; globs in order of name."""
    files: dict[Path, None] = {}
    for entry in source:
        path = Path(entry).expanduser()
        if path.is_file():
            files[path] = None
        elif _GLOB_CHARACTERS & set(entry):
            found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True)) if Path(name).is_file()]
            if not found:
                raise DataError(f"{entry}: no file matches this pattern (data.source)")
            files.update(dict.fromkeys(found))
        elif path.is_dir():
            raise DataError(f"{entry}: is a folder; name its files, or a pattern such as {path / '*.nc'} (data.source)")
        else:
            raise DataError(f"{entry}: no such file (data.source)")
    if not files:
        raise DataError("data.source names no file")
    return tuple(files)


@contextmanager
def open_netcdf(path: Path) -> Iterator[xr.Dataset]:
    """The file, with its CF conventions decoded and no field read yet; closed at the end.

    Latitude and longitude count as coordinates even where the file does not say so.

    Plain xarray, without dask: a forked DataLoader worker hangs for good once dask has read in the parent.

    Raises:
        DataError: the file is missing, is no NetCDF, or can't be decoded.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        dataset = xr.open_dataset(path, engine="netcdf4", chunks=None, decode_times=_DATES, decode_timedelta=False)
    except PermissionError as error:
        raise DataError(f"{path}: may not be read ({error.strerror})") from error
    except ValueError as error:
        cause = str(error).split(" Try opening your dataset")[0]
        raise DataError(f"{path}: its CF conventions can't be decoded: {cause}") from error
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path}: can't be read as NetCDF: {error}") from error
    with dataset:
        positions = [name for name in dataset.data_vars if str(name).lower() in LATITUDE_NAMES + LONGITUDE_NAMES]
        yield dataset.set_coords(positions)

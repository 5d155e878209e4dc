"""From what the user wrote as `data.source` to open NetCDF files, or one clear error."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from stq.errors import DataError

_GLOB_CHARACTERS = frozenset("*?[")


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
    """The file, with its CF conventions decoded and nothing read yet; closed at the end.

    Plain xarray, without dask: a forked DataLoader worker hangs for good once dask has read in the parent.

    Raises:
        DataError: the file is missing, is no NetCDF, or can't be decoded.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        dataset = xr.open_dataset(path, engine="netcdf4", chunks=None, decode_timedelta=False)
    except PermissionError as error:
        raise DataError(f"{path}: may not be read ({error.strerror})") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: can't be read as NetCDF: {_first_line(error)}") from error
    with dataset:
        yield dataset


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

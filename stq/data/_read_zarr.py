"""Zarr stores of format 2 and 3, in a folder or behind an address."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import xarray as xr

from stq.data._cf_dataset import open_cf
from stq.data._reader import Reader, closed_at_the_end
from stq.errors import DataError

_MARKS = ("zarr.json", ".zgroup", ".zmetadata", ".zarray")


def is_store(folder: Path) -> bool:
    """Whether a folder is a Zarr store, by its metadata or its name."""
    return folder.suffix.lower() == ".zarr" or any((folder / mark).is_file() for mark in _MARKS)


@dataclass(frozen=True)
class ZarrReader(Reader):
    """A group of arrays with named dimensions, as xarray writes it.

    Zarr reads a chunk that is not there as the array's fill value, and a lost chunk looks like one that was never
    written. So an absent chunk is refused where it is read, unless `fill_absent`. (Zarr leaves out chunks that hold
    nothing but the fill value, unless written with `write_empty_chunks`.) A chunk inside a shard is not looked for.
    """

    fill_absent: bool = False

    name: ClassVar[str] = "zarr"
    suffixes: ClassVar[tuple[str, ...]] = (".zarr",)

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """See `Reader.open`; an address such as s3://bucket/a.zarr is read through fsspec."""
        from stq.data._zarr_stores import guarded  # zarr takes its time to load, and most sources are no store

        try:
            store = guarded(address, fill_absent=self.fill_absent)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Failed to open Zarr store with consolidated metadata")
                dataset = open_cf(store, "zarr")
        except PermissionError as error:
            raise DataError(f"{address}: may not be read ({error.strerror})") from error
        except ImportError as error:
            raise _lacking(address, error) from error
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise DataError(f"{address}: can't be read as a Zarr store: {error}") from error
        with closed_at_the_end(dataset):
            yield dataset


def _lacking(address: str, error: ImportError) -> DataError:
    """fsspec names the package that it needs for a protocol: s3fs for s3://."""
    protocol = address.partition("://")[0]
    what = "fsspec" if error.name == "fsspec" else f"a package for {protocol}://"
    return DataError(f"{address}: needs {what}, which is not installed: {error}; install it with pip")

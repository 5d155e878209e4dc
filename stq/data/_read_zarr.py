"""Zarr stores of format 2 and 3, in a folder or behind an address."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import xarray as xr
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import FsspecStore, LocalStore, WrapperStore

from stq.data._cf_dataset import open_cf
from stq.data._reader import Reader, absent, closed_at_the_end
from stq.documents import parse_json
from stq.errors import DataError

_MARKS = ("zarr.json", ".zgroup", ".zmetadata", ".zarray")
_METADATA = (*_MARKS, ".zattrs")


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
        store = _SafeStore(_store(address), address)
        if not self.fill_absent:
            store = _WholeStore(store, address)
        try:
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


def _store(address: str) -> Store:
    if "://" not in address:
        if not Path(address).is_dir():
            text = f"{address}: no such folder; a Zarr store is a folder or an address such as s3://..."
            raise DataError(text) from absent(address)
        return LocalStore(address, read_only=True)
    try:
        return FsspecStore.from_url(address, read_only=True)
    except ImportError as error:
        raise _lacking(address, error) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{address}: can't be reached: {error}") from error


def _lacking(address: str, error: ImportError) -> DataError:
    """fsspec names the package that it needs for a protocol: s3fs for s3://."""
    protocol = address.partition("://")[0]
    what = "fsspec" if error.name == "fsspec" else f"a package for {protocol}://"
    return DataError(f"{address}: needs {what}, which is not installed: {error}; install it with pip")


class _SafeStore(WrapperStore[Store]):
    """A store in which no array is a pickle, which would run what stands in it.

    That is a codec of Zarr's format 2. NumCodecs refuses to decode it since a late version, and only unless the
    environment says otherwise.
    """

    def __init__(self, store: Store, address: str) -> None:
        super().__init__(store)
        self._address = address

    def _with_store(self, store: Any) -> "_SafeStore":
        return type(self)(store, self._address)

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The bytes under a key."""
        found = await super().get(key, prototype, byte_range)  # type: ignore[arg-type]  # None is the store's default
        if found is not None and key.rpartition("/")[2] in _METADATA and _names_pickle(found.to_bytes(), self._address):
            raise DataError(f"{self._address}: holds Python objects (a pickle), which stq never loads: save numbers")
        return found


class _WholeStore(_SafeStore):
    """A store in which a chunk that is not there is an error."""

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The bytes under a key."""
        found = await super().get(key, prototype, byte_range)
        if found is None and key.rpartition("/")[2] not in _METADATA:
            variable, _, chunk = key.partition("/")
            raise DataError(
                f"{self._address}: variable '{variable}' lacks its chunk {chunk}, which is not in the store: it was "
                f"lost, or never written; where Zarr's fill value is meant, say data.absent_chunks: fill"
            )
        return found


def _names_pickle(metadata: bytes, address: str) -> bool:
    """Whether the metadata of an array, or of all, names the codec `pickle`."""
    try:
        return _has_pickle(parse_json(metadata.decode()))
    except ValueError as error:
        raise DataError(f"{address}: can't be read as a Zarr store: {error}") from error


def _has_pickle(value: object) -> bool:
    if isinstance(value, dict):
        return value.get("id") == "pickle" or any(map(_has_pickle, value.values()))
    return isinstance(value, list) and any(map(_has_pickle, value))

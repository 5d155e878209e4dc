"""What a Zarr store is read through: no pickles, and no chunk that is not there."""

from pathlib import Path
from typing import Any

from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import FsspecStore, LocalStore, WrapperStore

from stq.data._reader import absent
from stq.documents import parse_json
from stq.errors import DataError

_METADATA = ("zarr.json", ".zgroup", ".zmetadata", ".zarray", ".zattrs")


def guarded(address: str, *, fill_absent: bool) -> Store:
    """The store behind a folder or an address; with `fill_absent` a chunk that is not there is its fill value.

    Raises DataError where it can't be reached, and ImportError where a package for its protocol is missing.
    """
    store = _SafeStore(_store(address), address)
    return store if fill_absent else _WholeStore(store, address)


def _store(address: str) -> Store:
    if "://" not in address:
        if not Path(address).is_dir():
            text = f"{address}: no such folder; a Zarr store is a folder or an address such as s3://..."
            raise DataError(text) from absent(address)
        return LocalStore(address, read_only=True)
    try:
        return FsspecStore.from_url(address, read_only=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{address}: can't be reached: {error}") from error


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

"""Packing the data of a spec into a store, and looking a store over."""

from dataclasses import dataclass
from pathlib import Path

from stq.app._data import request_of
from stq.data import PackedStore, open_store, pack_data
from stq.errors import UsageError
from stq.spec import LoadedSpec


@dataclass(frozen=True)
class StoreResult:
    """A packed store in figures; `verified` says whether every frame was compared with its checksum."""

    store: Path
    variables: tuple[str, ...]
    maps: tuple[str, ...]
    frames: int
    size: tuple[int, int]
    nbytes: int
    verified: bool

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "store": str(self.store),
            "variables": list(self.variables),
            "maps": list(self.maps),
            "frames": self.frames,
            "size": list(self.size),
            "bytes": self.nbytes,
            "verified": self.verified,
        }


def pack_spec(loaded: LoadedSpec, path: Path, *, verify: bool) -> StoreResult:
    """Write what the spec's windows are cut from to a new store; with `verify`, read all of it back.

    Raises DataError, UsageError, DiskError, and CheckFailed where what was written is not what comes back.
    """
    return _looked_over(pack_data(request_of(loaded.spec.data), path), verify=verify)


def verify_store(path: Path) -> StoreResult:
    """Compare every frame with its checksum. Raises UsageError for a path without a store, CheckFailed for damage."""
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder; a store is the folder that `stq data pack` made")
    return _looked_over(open_store(path), verify=True)


def _looked_over(store: PackedStore, *, verify: bool) -> StoreResult:
    if verify:
        store.verify()
    return StoreResult(
        store.path, store.names, tuple(store.maps), len(store.dates), store.grid.size, store.nbytes, verified=verify
    )

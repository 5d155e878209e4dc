"""A packed store: a series written once in the form in which windows read it fastest.

A folder with one `.npy` file of raw single-precision numbers for each variable (squares of the grid, each with its
steps in a row), an `index.npz` with dates, grid, maps, and each frame's SHA-256 and number of valid cells, and a
`store.json` that names the variables and holds the SHA-256 of the index and of itself.

Values are in units: what normalisation takes away is fitted on the training part, and so belongs to a split, not to
the data. One store serves every split, history and normalisation.
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._field_store import FieldStore, Scan, in_blocks
from stq.data._grid import Grid
from stq.data._naming import Naming
from stq.data._packed_fields import TILE, PackedFields, stored_tiles
from stq.data._scan import scan_fields
from stq.errors import CheckFailed, DataError, DiskError, UsageError, nearest

HEADER = "store.json"
_INDEX = "index.npz"
_FORMAT = "stq-store-1"
_SINCE = "microseconds since 1970-01-01"
_GRID = ("y", "x", "lat", "lon")


@dataclass(frozen=True, eq=False)
class PackedStore:
    """What a store holds, read and checked but for the fields."""

    path: Path
    names: tuple[str, ...]
    units: tuple[str, ...]
    coarsen: tuple[int, int]
    """The blocks that were averaged when the store was packed."""
    dates: xr.DataArray
    grid: Grid
    maps: Mapping[str, Float32[np.ndarray, "Y X"]]
    scan: Scan
    side: int
    nbytes: int
    naming: Naming
    operands: Mapping[str, str]
    """Units of the variables that derived ones were computed from."""

    def fields(self, names: Sequence[str]) -> PackedFields:
        """Some of its variables.

        Raises:
            DataError: there is no such variable.
        """
        for name in names:
            if name not in self.names:
                hint = nearest(name, self.names, f"it has {', '.join(self.names)}")
                raise DataError(f"{self.path}: no variable '{name}' in this store; {hint}")
        at = [self.names.index(name) for name in names]
        files = tuple(self.path / _file_name(index) for index in at)
        scan = Scan(self.scan.digests[:, at], self.scan.counts[:, at])
        return PackedFields(files, len(self.dates), self.grid.size, self.side, scan)

    def verify(self) -> None:
        """Read every number. Raises CheckFailed with the variable and the step of the first that is damaged."""
        scan_fields(self.fields(self.names), self.names)


def is_store(source: Sequence[str]) -> bool:
    """Whether `data.source` is one packed store."""
    return len(source) == 1 and (Path(source[0]).expanduser() / HEADER).is_file()


def open_store(path: Path) -> PackedStore:
    """Open a store; the sums of header and index and the size of every file are checked, no field is read.

    Raises:
        DataError: it is no store, or a later format.
        CheckFailed: it is damaged or not whole.
    """
    try:
        head = json.loads((path / HEADER).read_text(encoding="utf-8"))
        stated, head_sum = head.pop("format"), head.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CheckFailed(f"{path / HEADER}: damaged, or no header of a packed store: {error}") from error
    if stated != _FORMAT:
        raise DataError(f"{path / HEADER}: the format is {stated!r}, and this stq reads {_FORMAT!r}")
    if head_sum != _sum_of(head):
        raise CheckFailed(f"{path / HEADER}: damaged: it does not match its checksum")
    try:
        index = (path / _INDEX).read_bytes()
    except OSError as error:
        raise CheckFailed(f"{path / _INDEX}: can't be read ({error.strerror}); pack the store again") from error
    if hashlib.sha256(index).hexdigest() != head["index"]:
        raise CheckFailed(f"{path / _INDEX}: damaged: it does not match its checksum; pack the store again")
    with np.load(io.BytesIO(index), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    steps, rows, columns = head["shape"]
    nbytes, npy_head = len(index), _npy_head(steps * rows * columns)
    for number, name in enumerate(head["names"]):
        file, expected = path / _file_name(number), head["bytes"]
        found = file.stat().st_size if file.is_file() else None
        if found != expected:
            what = "is missing" if found is None else f"has {found} bytes where {expected} were written"
            raise CheckFailed(f"{file}: variable '{name}' {what}; pack the store again")
        with file.open("rb") as opened:
            if opened.read(len(npy_head)) != npy_head:
                raise CheckFailed(f"{file}: variable '{name}' is damaged in the head of its file; pack the store again")
        nbytes += expected
    named: dict[str, Any] = head.get("naming", {})  # stores of before there was this have none
    dates = xr.Variable("time", arrays["dates"], {"units": _SINCE, "calendar": head["calendar"]})
    decoded = xr.coders.CFDatetimeCoder(time_unit="us").decode(dates, "time")
    return PackedStore(
        path=path,
        names=tuple(head["names"]),
        units=tuple(head["units"]),
        coarsen=tuple(head["coarsen"]),
        dates=xr.DataArray(decoded.values, dims="time", name="time"),
        grid=Grid((rows, columns), *(arrays.get(name) for name in _GRID)),
        maps={name: arrays[f"map {number}"] for number, name in enumerate(head["maps"])},
        scan=Scan(arrays["digests"].reshape(steps, -1, 32), arrays["counts"]),
        side=head["tile"],
        nbytes=nbytes,
        naming=Naming(**{**named, "dims": tuple(named["dims"])}) if named else Naming(),
        operands=head.get("operands", {}),
    )


def write_store(
    path: Path,
    fields: FieldStore,
    *,
    names: Sequence[str],
    units: Sequence[str],
    dates: xr.DataArray,
    grid: Grid,
    maps: Mapping[str, Float32[np.ndarray, "Y X"]],
    coarsen: tuple[int, int],
    naming: Naming | None = None,
    operands: Mapping[str, str] | None = None,
) -> PackedStore:
    """Write beside the target in one pass over the fields, then rename: the store is whole or absent.

    Raises:
        UsageError: there is something at `path` already.
        DiskError: no room or no permission.
        DataError: the fields can't be read.
    """
    if path.exists():
        raise UsageError(f"{path}: exists already; choose another name, or remove it first")
    part = path.with_name(f".{path.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a packing that was killed
        part.mkdir(parents=True)
        scan, nbytes = _write_fields(part, fields)
        encoded = xr.conventions.encode_cf_variable(
            xr.Variable("time", dates.values, encoding={"units": _SINCE, "dtype": "int64"})
        )
        arrays = {"dates": np.asarray(encoded.values), "digests": scan.digests, "counts": scan.counts}
        arrays |= {name: found for name in _GRID if (found := getattr(grid, name)) is not None}
        arrays |= {f"map {number}": field for number, field in enumerate(maps.values())}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        _write(part / _INDEX, buffer.getvalue())
        head = {
            "names": list(names),
            "units": list(units),
            "maps": list(maps),
            "shape": [fields.shape[0], *fields.shape[2:]],
            "tile": TILE,
            "bytes": nbytes,
            "coarsen": list(coarsen),
            "calendar": str(dates.dt.calendar),
            "naming": asdict(naming or Naming()),
            "operands": dict(operands or {}),
            "index": hashlib.sha256(buffer.getbuffer()).hexdigest(),
        }
        text = json.dumps({"format": _FORMAT, **head, "sha256": _sum_of(head)}, indent=1)
        _write(part / HEADER, text.encode())
        _sync_folder(part)
        os.rename(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DiskError(f"{path}: can't be written: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return open_store(path)


def _write_fields(folder: Path, fields: FieldStore) -> tuple[Scan, int]:
    """The files of all variables, and the size of one. Written rather than mapped: mapped pages would be memory."""
    steps, variables, rows, columns = fields.shape
    digests, counts = np.empty((steps, variables, 32), dtype=np.uint8), np.empty((steps, variables), dtype=np.int64)
    files = [(folder / _file_name(index)).open("wb") for index in range(variables)]
    try:
        npy_head = _npy_head(steps * rows * columns)
        begin = len(npy_head)
        size = begin + 4 * steps * rows * columns
        for file in files:
            file.write(npy_head)
            file.truncate(size)
        everything, tiles = np.arange(steps), tuple(stored_tiles(steps, (rows, columns), TILE))
        for block in in_blocks(fields, everything, variables):
            frames = np.ascontiguousarray(fields.read(everything[block], fields.whole), dtype="<f4")
            counts[block] = np.isfinite(frames).sum(axis=(2, 3))
            for index, file in enumerate(files):
                for at in range(len(frames)):
                    digest = hashlib.sha256(frames[at, index]).digest()
                    digests[block.start + at, index] = np.frombuffer(digest, dtype=np.uint8)
                for tile in tiles:
                    file.seek(begin + 4 * (tile.start + block.start * tile.size[0] * tile.size[1]))
                    file.write(np.ascontiguousarray(frames[:, index, tile.rows, tile.columns]).data)
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        return Scan(digests, counts), size
    finally:
        for file in files:
            file.close()


def _npy_head(length: int) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (length,)})
    return head.getvalue()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _file_name(index: int) -> str:
    return f"{index:03d}.npy"


def _sum_of(head: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()

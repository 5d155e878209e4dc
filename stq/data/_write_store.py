"""Writing of a packed store (`stq.data._packed_store`): whole or not at all."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq import files
from stq.data._field_store import FieldStore, Scan, in_blocks
from stq.data._grid import Grid
from stq.data._naming import Naming
from stq.data._packed_fields import TILE, stored_tiles
from stq.data._packed_store import PackedStore, open_store
from stq.data._store_format import FORMAT, GRID, HEADER, INDEX, SINCE, file_name, npy_head, sum_of
from stq.errors import UsageError


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
    """Write in one pass over the fields: the store is whole or absent.

    Raises:
        UsageError: there is something at `path` already.
        DiskError: no room or no permission.
        DataError: the fields can't be read.
    """
    if path.exists():
        raise UsageError(f"{path}: exists already; choose another name, or remove it first")
    size = nbytes_of(fields)
    files.refuse_too_large(path, size * fields.shape[1])
    with files.whole(path, new=True, needed=size * fields.shape[1]) as part:
        part.mkdir()
        scan = _write_fields(part, fields)
        encoded = xr.conventions.encode_cf_variable(
            xr.Variable("time", dates.values, encoding={"units": SINCE, "dtype": "int64"})
        )
        arrays = {"dates": np.asarray(encoded.values), "digests": scan.digests, "counts": scan.counts}
        arrays |= {name: found for name in GRID if (found := getattr(grid, name)) is not None}
        arrays |= {f"map {number}": field for number, field in enumerate(maps.values())}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        (part / INDEX).write_bytes(buffer.getvalue())
        head = {
            "names": list(names),
            "units": list(units),
            "maps": list(maps),
            "shape": [fields.shape[0], *fields.shape[2:]],
            "tile": TILE,
            "bytes": size,
            "coarsen": list(coarsen),
            "calendar": str(dates.dt.calendar),
            "naming": asdict(naming or Naming()),
            "operands": dict(operands or {}),
            "index": hashlib.sha256(buffer.getbuffer()).hexdigest(),
        }
        text = json.dumps({"format": FORMAT, **head, "sha256": sum_of(head)}, indent=1)
        (part / HEADER).write_text(text, encoding="utf-8")
    return open_store(path)


def nbytes_of(fields: FieldStore) -> int:
    """The size of the file of one variable."""
    steps, _, rows, columns = fields.shape
    return len(npy_head(steps * rows * columns)) + 4 * steps * rows * columns


def _write_fields(folder: Path, fields: FieldStore) -> Scan:
    """The files of all variables. Written rather than mapped: mapped pages would be memory."""
    steps, variables, rows, columns = fields.shape
    digests, counts = np.empty((steps, variables, 32), dtype=np.uint8), np.empty((steps, variables), dtype=np.int64)
    opened = [(folder / file_name(index)).open("wb") for index in range(variables)]
    try:
        head_of_file = npy_head(steps * rows * columns)
        begin = len(head_of_file)
        for file in opened:
            file.write(head_of_file)
            file.truncate(begin + 4 * steps * rows * columns)
        everything, tiles = np.arange(steps), tuple(stored_tiles(steps, (rows, columns), TILE))
        for block in in_blocks(fields, everything, variables):
            frames = np.ascontiguousarray(fields.read(everything[block], fields.whole), dtype="<f4")
            counts[block] = np.isfinite(frames).sum(axis=(2, 3))
            for index, file in enumerate(opened):
                for at in range(len(frames)):
                    digest = hashlib.sha256(frames[at, index]).digest()
                    digests[block.start + at, index] = np.frombuffer(digest, dtype=np.uint8)
                for tile in tiles:
                    file.seek(begin + 4 * (tile.start + block.start * tile.size[0] * tile.size[1]))
                    file.write(np.ascontiguousarray(frames[:, index, tile.rows, tile.columns]).data)
        return Scan(digests, counts)
    finally:
        for file in opened:
            file.close()

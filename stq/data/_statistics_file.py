"""Statistics on disk: one npz without pickle, with a checksum over its contents."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from stq import files
from stq.data._grid import Grid
from stq.data._site import Site
from stq.data._statistics import Statistics
from stq.data._time_step import TimeStep
from stq.documents import parse_json
from stq.errors import CheckFailed, DataError

_FORMAT = "stq-statistics-1"
_TEXTS = ("targets", "inputs", "static", "months")
_OPTIONAL = ("transforms",)  # files without transforms are as they were before there were any
_SITE = "site"
_WORDS = {"normalise": ("anomaly", "standard", "none"), "relative_to": ("none", "last")}
_ARRAYS = tuple(field.name for field in fields(Statistics) if field.name not in (*_TEXTS, *_OPTIONAL, *_WORDS, _SITE))


def save_statistics(statistics: Statistics, path: Path) -> None:
    """The file is whole or absent. Raises DiskError."""
    described: dict[str, object] = {name: getattr(statistics, name) for name in (*_TEXTS, *_WORDS)}
    if set(statistics.transforms) != {"none"}:
        described["transforms"] = statistics.transforms
    arrays = {name: np.ascontiguousarray(getattr(statistics, name)) for name in _ARRAYS}
    if statistics.site is not None:
        described[_SITE], placed = _taken_apart(statistics.site)
        arrays |= placed
    head = json.dumps({"format": _FORMAT, **described, "sha256": _digest(described, arrays)}, sort_keys=True)
    arrays["head"] = np.frombuffer(head.encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    files.refuse_missing_folder(path)
    files.write(path, buffer.getvalue())


def load_statistics(path: Path) -> Statistics:
    """Read and check the file; nothing in it is executed."""
    if not path.is_file():
        raise DataError(f"{path}: no such file of normalisation statistics")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            contents = {name: stored[name] for name in stored.files}
        head = parse_json(contents.pop("head").tobytes().decode())
        texts = (*_TEXTS, *(name for name in _OPTIONAL if name in head))
        described = {name: tuple(head[name]) for name in texts} | {name: head[name] for name in _WORDS}
        described |= {_SITE: head[_SITE]} if _SITE in head else {}
        intact = (
            head["format"] == _FORMAT
            and {name for name in contents if not name.startswith(_SITE)} == set(_ARRAYS)
            and all(head[name] in allowed for name, allowed in _WORDS.items())
            and head["sha256"] == _digest(described, contents)
        )
    except Exception as error:  # whatever a damaged archive sets off, in any layer
        raise CheckFailed(f"{path}: damaged, or no file of normalisation statistics: {error}") from error
    if not intact:
        raise CheckFailed(f"{path}: damaged: the numbers do not match their checksum")
    if _SITE in described:
        described[_SITE] = _put_together(described[_SITE], contents)
    return Statistics(**described, **{name: contents[name] for name in _ARRAYS})


def _taken_apart(site: Site) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """What goes into the head, and the arrays; latitudes that follow the rows alone are one column, and so on."""
    arrays = {"static": np.ascontiguousarray(site.static), "known": np.ascontiguousarray(site.known)}
    for name in ("y", "x"):
        if getattr(site.grid, name) is not None:
            arrays[name] = getattr(site.grid, name)
    for name in ("lat", "lon"):
        positions = getattr(site.grid, name)
        if positions is not None:
            along_rows, along_columns = (positions == positions[:, :1]).all(), (positions == positions[:1]).all()
            arrays[name] = positions[: 1 if along_columns else None, : 1 if along_rows else None]
    head: dict[str, object] = {
        "units": site.units,
        "size": site.grid.size,
        "step": None if site.step is None else asdict(site.step),
        "operands": dict(site.operands),
    }
    return head, {f"{_SITE} {name}": np.ascontiguousarray(array) for name, array in arrays.items()}


def _put_together(head: dict[str, Any], contents: dict[str, np.ndarray]) -> Site:
    arrays = {name.removeprefix(f"{_SITE} "): array for name, array in contents.items() if name.startswith(_SITE)}
    rows, columns = head["size"]
    positions = {name: np.broadcast_to(arrays[name], (rows, columns)) for name in ("lat", "lon") if name in arrays}
    return Site(
        units=tuple(head["units"]),
        grid=Grid((rows, columns), arrays.get("y"), arrays.get("x"), positions.get("lat"), positions.get("lon")),
        step=None if head["step"] is None else TimeStep(**head["step"]),
        static=arrays["static"],
        known=arrays["known"],
        operands=head["operands"],
    )


def _digest(described: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name in (*_ARRAYS, *sorted(name for name in arrays if name.startswith(_SITE))):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()

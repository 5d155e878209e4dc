"""Statistics on disk: one npz without pickle, with a checksum over its contents."""

import hashlib
import io
import json
import os
from dataclasses import fields
from pathlib import Path

import numpy as np

from stq.data._statistics import Statistics
from stq.errors import CheckFailed, DataError, DiskError

_FORMAT = "stq-statistics-1"
_TEXTS = ("targets", "inputs", "static", "months")
_OPTIONAL = ("transforms",)  # files without transforms are as they were before there were any
_WORDS = {"normalise": ("anomaly", "standard", "none"), "relative_to": ("none", "last")}
_ARRAYS = tuple(field.name for field in fields(Statistics) if field.name not in (*_TEXTS, *_OPTIONAL, *_WORDS))


def save_statistics(statistics: Statistics, path: Path) -> None:
    """Write beside the target, then move: the file is whole or absent."""
    described = {name: getattr(statistics, name) for name in (*_TEXTS, *_WORDS)}
    if set(statistics.transforms) != {"none"}:
        described["transforms"] = statistics.transforms
    arrays = {name: np.ascontiguousarray(getattr(statistics, name)) for name in _ARRAYS}
    head = json.dumps({"format": _FORMAT, **described, "sha256": _digest(described, arrays)}, sort_keys=True)
    arrays["head"] = np.frombuffer(head.encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(buffer.getvalue())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskError(f"{path}: can't be written: {error.strerror}") from error


def load_statistics(path: Path) -> Statistics:
    """Read and check the file; nothing in it is executed."""
    if not path.is_file():
        raise DataError(f"{path}: no such file of normalisation statistics")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            contents = {name: stored[name] for name in stored.files}
        head = json.loads(contents.pop("head").tobytes().decode())
        texts = (*_TEXTS, *(name for name in _OPTIONAL if name in head))
        described = {name: tuple(head[name]) for name in texts} | {name: head[name] for name in _WORDS}
        intact = (
            head["format"] == _FORMAT
            and set(contents) == set(_ARRAYS)
            and all(head[name] in allowed for name, allowed in _WORDS.items())
            and head["sha256"] == _digest(described, contents)
        )
    except Exception as error:  # whatever a damaged archive sets off, in any layer
        raise CheckFailed(f"{path}: damaged, or no file of normalisation statistics: {error}") from error
    if not intact:
        raise CheckFailed(f"{path}: damaged: the numbers do not match their checksum")
    return Statistics(**described, **contents)


def _digest(described: dict[str, object], arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name in _ARRAYS:
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()

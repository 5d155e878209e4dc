"""The checksum that a file of forecasts carries, so that damage is found before any library reads it.

A file (.nc, .tif) ends in a line `stq-sha256:` with the SHA-256 of all bytes before that line, behind the end that the
format itself knows of, where its readers don't look. A Zarr store has it as the attribute `stq_sha256` of its
root: that of a list of the SHA-256 and the name of every other file, and of the root's own JSON without it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from stq import files
from stq.errors import CheckFailed

ATTRIBUTE = "stq_sha256"
_BEGIN, _END = b"\nstq-sha256:", b"\n"
_LENGTH = len(_BEGIN) + 64 + len(_END)
_ROOT = "zarr.json"


def put_seal(path: Path) -> None:
    """Put the checksum on a file, or a store, that is written and closed."""
    if path.is_dir():
        root = json.loads((path / _ROOT).read_text(encoding="utf-8"))
        root["attributes"][ATTRIBUTE] = _digest_of_store(path, root)
        (path / _ROOT).write_text(json.dumps(root, indent=2), encoding="utf-8")
    else:
        digest = files.sha256_of(path)
        with path.open("ab") as file:
            file.write(_BEGIN + digest.encode() + _END)


def check_seal(path: Path) -> None:
    """Compare a file, or a store, with its checksum. Raises CheckFailed where it differs, and where there is none."""
    try:
        intact = _store_intact(path) if path.is_dir() else _file_intact(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckFailed(f"{path}: damaged, or no forecast of stq's: {error}") from error
    if intact is None:
        raise CheckFailed(f"{path}: carries no checksum: it is not whole, or no forecast that this stq wrote")
    if not intact:
        raise CheckFailed(f"{path}: damaged, or changed since it was written: it does not match its checksum")


def _file_intact(path: Path) -> bool | None:
    """None where it has no checksum."""
    length = path.stat().st_size - _LENGTH
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(length, 2**20))):
            digest.update(block)
            length -= len(block)
        line = file.read()
    if not (len(line) == _LENGTH and line.startswith(_BEGIN) and line.endswith(_END)):
        return None
    return line[len(_BEGIN) : -len(_END)] == digest.hexdigest().encode()


def _store_intact(path: Path) -> bool | None:
    root = json.loads((path / _ROOT).read_text(encoding="utf-8"))
    stated = root["attributes"].pop(ATTRIBUTE, None)
    return None if stated is None else stated == _digest_of_store(path, root)


def _digest_of_store(path: Path, root: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(root, sort_keys=True).encode())
    for file in sorted(found for found in path.rglob("*") if not found.is_dir() and found != path / _ROOT):
        digest.update(f"\n{files.sha256_of(file)}  {file.relative_to(path).as_posix()}".encode())
    return digest.hexdigest()

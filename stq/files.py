"""Files that are whole or absent: written beside their place, put on the disk, and renamed."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stq.errors import DiskError

PART = ".part"
"""Stands in the name of what is being written; see `part_of`."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what shall stand at `path`: a file or a folder beside it, which takes its place at the end.

    Whoever reads `path` meanwhile, or after a crash at any instant, finds what was there before, or all of the new. A
    folder must not be there before. Raises DiskError where it can't be written; nothing is then left behind.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        discard(part)
        yield part
        flush(part)
        os.replace(part, path)
        flush_folder(path.parent)
    except OSError as error:
        raise disk_error(path, error) from error
    finally:
        discard(part)


def write(path: Path, content: str | bytes) -> None:
    """Put this text, in UTF-8, or these bytes at `path`. Raises DiskError; what was there is then intact."""
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def part_of(path: Path) -> Path:
    """The hidden neighbour of `path` that is written first; of the same ending, which tells libraries the format."""
    return path.with_name(f".{path.stem}{PART}{path.suffix}")


def sweep(folder: Path) -> None:
    """Remove every part that a process which was killed has left in `folder` and below."""
    for part in sorted(folder.rglob(f".*{PART}*")):
        discard(part)


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder so that nobody ever finds a part of it at its place. Raises DiskError."""
    part = part_of(folder)
    try:
        discard(part)
        os.replace(folder, part)
        discard(part)
    except OSError as error:
        raise DiskError(f"{folder} can't be removed: {error.strerror}") from error


def flush(path: Path) -> None:
    """Put a file, or every file and folder of a folder, on the disk."""
    if path.is_dir():
        for inner in path.iterdir():
            flush(inner)
        flush_folder(path)
    else:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sha256_of(path: Path) -> str:
    """The checksum of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def disk_error(path: Path, error: Exception, needed: int | None = None) -> DiskError:
    """One line: the path, why it can't be written, how many bytes that takes, where known, and how many are free."""
    reason = error.strerror or str(error) if isinstance(error, OSError) else str(error).splitlines()[0]
    if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskError(f"{path} can't be written: {reason}")
    parts = [] if needed is None else [f"{in_words(needed)} needed"]
    parts.append(f"{in_words(free_space(path))} free")
    return DiskError(f"{path} can't be written: {reason} ({', '.join(parts)}); make room and run the command again")


def free_space(path: Path) -> int:
    """Bytes that are free where `path` would lie; its folders need not be there yet."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def in_words(size: int) -> str:
    """`1.5 MB`."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"

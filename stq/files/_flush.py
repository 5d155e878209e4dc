"""What was written, put on the disk, and removed from it."""

import hashlib
import os
import shutil
from pathlib import Path


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Put a file, or every file and folder of a folder, on the disk."""
    if path.is_dir():
        for inner in path.iterdir():
            flush(inner)
        flush_folder(path)
    else:
        with path.open("r+b") as file:  # Windows puts on the disk only what may be written
            os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, where the system opens folders (Windows does not)."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def missing_folders(folder: Path) -> list[Path]:
    """What `make_folder` would make of a folder and those above it, the innermost first.

    Raises OSError where that can't be seen: a name that is too long, or a folder that this user may not enter.
    """
    return [each for each in (folder, *folder.parents) if not each.exists()]


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, and put the names of the new ones on the disk."""
    missing = missing_folders(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        flush_folder(each.parent)


def sha256_of(path: Path) -> str:
    """The checksum of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

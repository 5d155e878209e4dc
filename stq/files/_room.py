"""Room on the disk, and the words for what can't be written."""

import errno
import os
import shutil
from pathlib import Path

from stq.errors import DiskError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No room: on the disk, in this user's share of it, or in a file."""


def disk_error(path: Path, error: Exception, needed: int | None = None) -> DiskError:
    """One line: the path, why it can't be written, how many bytes that takes, where known, and how many are free."""
    number = error.errno if isinstance(error, OSError) else None
    reason = (error.strerror if isinstance(error, OSError) else "") or (str(error).splitlines() or ["unknown cause"])[0]
    free = free_space(path)
    # Libraries count theirs from below zero; HDF5 has no permission for a file that a full disk has no room for.
    if number is not None and number > 0 and number not in FULL and free > 0:
        return DiskError(f"{path} can't be written: {reason}")
    parts = [] if needed is None else [f"{in_words(needed)} needed"]
    parts.append(f"{in_words(free)} free")
    return DiskError(f"{path} can't be written: {reason} ({', '.join(parts)}); make room and run the command again")


def refuse_too_large(path: Path, needed: int) -> None:
    """Raises DiskError where there is less room than `needed` bytes for `path`."""
    if needed > free_space(path):
        raise disk_error(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), needed)


def refuse_missing_folder(path: Path) -> None:
    """Raises DiskError where the folder of `path` is not there, for who does not want it made."""
    if not path.parent.is_dir():
        raise DiskError(f"{path} can't be written: there is no folder {path.parent}")


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

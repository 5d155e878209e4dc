"""Files out of the system's cache of pages, and a look at whether they are."""

import ctypes
import mmap
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np


def chill(paths: Sequence[Path]) -> str:
    """Drop what the system keeps of files in memory; what hinders it, or nothing.

    Written to the disk first, since pages that are not there can't be dropped. What lies below the system (the cache of
    a disk, or of the host of a virtual machine) stays as it is. Nobody may have the files mapped meanwhile.
    """
    if not hasattr(os, "posix_fadvise"):
        return "this system has no posix_fadvise"
    for path in files_of(paths):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        kept = max(map(resident, files_of(paths)), default=0.0)
    except OSError as error:
        return f"mincore does not tell whether pages were dropped: {error}"
    return f"{kept:.0%} of a file stayed in memory" if kept > 0 else ""


def resident(path: Path) -> float:
    """The share of a file's pages that the system holds in memory (mincore)."""
    size = path.stat().st_size
    if size == 0:
        return 0.0
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as pages:
        told = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        view = np.frombuffer(pages, dtype=np.uint8)
        failed = libc.mincore(ctypes.c_void_p(view.ctypes.data), ctypes.c_size_t(size), told)
        del view  # else the map can't be closed
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return sum(page & 1 for page in told) / len(told)


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """The files themselves, and all within folders."""
    for path in paths:
        yield from (inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else (path,)

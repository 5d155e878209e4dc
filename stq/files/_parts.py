"""The hidden folders in which things are written before they take their places."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from stq import locks
from stq.files._flush import discard
from stq.files._room import FULL

PART = ".part"
"""How their names end."""
_LOCK = "lock"


def sweep(folder: Path) -> None:
    """Remove what processes that were killed have left in `folder` and below.

    What is being written now stays, where the file system has locks; where it has none, nobody may write there now.
    """
    for part in sorted(folder.rglob(f".*{PART}")):
        if (part / _LOCK).exists():
            discard_left(part)
        else:
            discard(part)


def sweep_beside(target: Path) -> None:
    """Remove what processes that were killed as they wrote `target` have left."""
    for left in target.parent.glob(f"{_beginning(target)}*{PART}"):
        discard_left(left)


def folder_for(target: Path) -> Path:
    """A new folder beside `target`, locked for as long as this process writes, where the file system has locks."""
    while True:
        holder = Path(tempfile.mkdtemp(prefix=_beginning(target), suffix=PART, dir=target.parent))
        try:
            if locks.take(holder / _LOCK):
                return holder
        except FileNotFoundError:
            continue  # another process took the empty folder for one that was left
        except OSError as error:
            if error.errno in FULL:
                shutil.rmtree(holder, ignore_errors=True)
                raise
            with suppress(OSError):
                (holder / _LOCK).unlink()  # which says nothing where there are no locks
            return holder


def discard_own(holder: Path) -> None:
    """Remove such a folder with its lock, which is let go of last."""
    with suppress(OSError):
        for inner in holder.iterdir():
            if inner.name != _LOCK:
                discard(inner)
    if locks.holds(holder / _LOCK):
        locks.let_go(holder / _LOCK)
    shutil.rmtree(holder, ignore_errors=True)


def discard_left(holder: Path) -> None:
    """Remove such a folder if the process that wrote in it has ended."""
    with suppress(OSError):
        holder.rmdir()
        return
    with suppress(OSError):
        if locks.take(holder / _LOCK, create=False):
            discard_own(holder)


def _beginning(target: Path) -> str:
    """How the folders begin in which `target` is written. A name may be as long as the system allows, so cut."""
    return f".{''.join('-' if letter in '*?[' else letter for letter in target.name[:50])}."

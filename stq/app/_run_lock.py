"""One command at a time writes into a folder of runs: it holds a lock there for as long as it runs."""

import errno
import json
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from stq import locks
from stq.documents import parse_json, read_text
from stq.errors import UsageError
from stq.files import discard, disk_error, make_folder, missing_folders

LOCK = ".lock"
"""In the folder, while a command writes there: which one, in which process. One that was killed leaves it behind, and
it locks nothing then."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class InUse(UsageError):
    """Another command writes into the folder."""


@contextmanager
def claimed(folder: Path, command: str) -> Iterator[None]:
    """Alone in writing into `folder`, which is made where it is missing, and goes again where it stays empty.

    A process may claim what it has claimed already. On a file system without locks it goes on, with a warning.

    Raises InUse where another process writes there, DiskError where the folder can't be written.
    """
    place = folder / LOCK
    made = missing_folders(folder)
    mine = False
    try:
        mine = not locks.holds(place) and _take(place, command)
        yield
    finally:
        if mine:
            locks.let_go(place)
        for each in made:
            with suppress(OSError):
                each.rmdir()


def clear(folder: Path, command: str) -> None:
    """Remove all that a folder holds, if it is there. Raises InUse where a command writes into it."""
    if folder.exists():
        with claimed(folder, command):
            for inner in folder.iterdir():
                if inner.name != LOCK:
                    discard(inner)


def holds_nothing(folder: Path) -> bool:
    """Whether a folder is empty but for a lock, as one is whose command was killed as it began."""
    return all(inner.name == LOCK for inner in folder.iterdir())


def _take(place: Path, command: str) -> bool:
    """Whether there is a lock now; False where there are none."""
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    about = {"command": command, "process": os.getpid(), "host": platform.node(), "since": since}
    try:
        make_folder(place.parent)
        if locks.take(place, json.dumps(about) + "\n"):
            return True
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise disk_error(place.parent, error) from error
        place.unlink(missing_ok=True)
        note = f"{place.parent} lies on a file system without locks ({error.strerror}): let one command at a time write"
        warnings.warn(note, stacklevel=4)
        return False
    raise InUse(f"{place.parent} is in use by {_holder(place)}; wait until that has ended, or stop it")


def _holder(place: Path) -> str:
    """Who has the lock, in words."""
    try:
        about = parse_json(read_text(place))
        return "`{command}` (process {process} on {host}, since {since})".format(**about)
    except (OSError, ValueError, KeyError, TypeError):
        return "another command"

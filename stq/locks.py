"""Locks on files, which the system lets go of when a process ends, however it ends.

They are POSIX record locks: they hold between the machines of a network file system, where its server keeps them, and
processes that are forked off (the workers of a data loader) don't inherit them, so that none outlives who took it. In
return a process loses its lock when it opens and closes the file again, which nothing in stq does.

Windows has none of them: there it is as on a file system that knows no locks.
"""

import errno
import os
from pathlib import Path

_HELD: dict[Path, tuple[int, int]] = {}
"""What this process holds: its own number, since a fork inherits this table and not the locks, and the open file."""


def holds(path: Path) -> bool:
    """Whether this process has the lock at `path`."""
    return _HELD.get(_place(path), (0, 0))[0] == os.getpid()


def take(path: Path, text: str = "", *, create: bool = True) -> bool:
    """Take the lock at `path`, a file that then says `text`; False where it is held, by this process or another.

    Raises OSError where the file can't be written, or its file system or the system knows no locks; FileNotFoundError
    where it is not there and may not be created.
    """
    place = _place(path)
    while not holds(place):
        opened = os.open(place, os.O_RDWR | (os.O_CREAT if create else 0), 0o666)
        try:
            if _locked(opened, place):
                os.ftruncate(opened, 0)
                os.pwrite(opened, text.encode(), 0)
                _HELD[place] = (os.getpid(), opened)
                return True
        except BlockingIOError:
            return False
        finally:
            if not holds(place):
                os.close(opened)
    return False


def let_go(path: Path) -> None:
    """Remove the file of a lock that this process holds, and let go of it."""
    place = _place(path)
    opened = _HELD[place][1]
    place.unlink(missing_ok=True)
    del _HELD[place]
    os.close(opened)


def _place(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _locked(opened: int, place: Path) -> bool:
    """Whether it is locked now; False where who held it has removed the file meanwhile.

    Raises BlockingIOError where another process has it, OSError where there are no locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from error
    try:
        fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError as error:  # what some systems call a lock that another process has
        raise BlockingIOError from error
    try:
        return os.path.samestat(os.fstat(opened), os.stat(place))
    except FileNotFoundError:
        return False

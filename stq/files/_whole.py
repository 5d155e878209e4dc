"""Files and folders that stand whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from stq.errors import UsageError
from stq.files._flush import flush, flush_folder, make_folder, missing_folders
from stq.files._parts import discard_own, folder_for, sweep_beside
from stq.files._room import FULL, disk_error

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


@contextmanager
def whole(path: Path, *, new: bool = False, needed: int | None = None) -> Iterator[Path]:
    """Where to write what shall stand at `path`: a file or a folder, which takes its place when the block has ended.

    Whoever reads `path` meanwhile, or after a crash at any instant, finds what was there before, or all of the new. It
    is written in a hidden folder beside `path`, one for each writer: of two processes that write at once the later one
    stays. What a killed one has left goes when the same `path` is written again.

    With `new`, and always for folders, nothing may be there yet: raises UsageError, and what is there stays. Raises
    DiskError where it can't be written, with the bytes `needed` where they are known; nothing is then left behind. A
    path that no file can have, or behind a folder that this user may not enter, stays an OSError.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    with together([target], new=new, needed=needed) as folder:
        yield folder / target.name


@contextmanager
def together(paths: Sequence[Path], *, new: bool = False, needed: int | None = None) -> Iterator[Path]:
    """The same for files of one folder: where to write them under their names.

    They take their places one after the other at the end, in this order; so the last one says that all are there.
    """
    first, holder = paths[0], None
    made = missing_folders(first.parent)
    try:
        make_folder(first.parent)
        sweep_beside(first)
        holder = folder_for(first)
        yield holder
        for path in paths:
            flush(holder / path.name)
        for path in paths:
            _put(holder / path.name, path, new=new)
        flush_folder(first.parent)
        made = []
    except OSError as error:
        if holder is not None and error.errno not in FULL and _elsewhere(error, first, holder):
            raise
        raise disk_error(first, error, needed) from error
    finally:
        if holder is not None:
            discard_own(holder)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()


def write(path: Path, content: str | bytes, *, new: bool = False) -> None:
    """Put this text, in UTF-8, or these bytes at `path`. Raises DiskError; what was there is then intact.

    What is no file (a pipe, a terminal) is written to as it is.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
        return
    with whole(path, new=new, needed=len(data)) as part:
        part.write_bytes(data)


def remove(folder: Path) -> None:
    """Remove a folder so that nobody ever finds a part of it at its place. Raises DiskError."""
    try:
        holder = folder_for(folder)
        try:
            os.rename(folder, holder / folder.name)
        finally:
            discard_own(holder)
    except OSError as error:
        raise disk_error(folder, error) from error


def _put(part: Path, target: Path, *, new: bool) -> None:
    """Rename. Raises UsageError where something is there that shall stay."""
    if part.is_dir():
        if os.path.lexists(target):
            raise _taken(target)
        try:
            os.rename(part, target)
        except OSError as error:
            raise _taken(target) if os.path.lexists(target) else error from error
    elif new:
        try:
            os.link(part, target)  # which, unlike a renaming, takes no place that is taken
        except FileExistsError as error:
            raise _taken(target) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(target):
                raise _taken(target) from error
            os.replace(part, target)
    else:
        if target.is_file():
            shutil.copymode(target, part)
        os.replace(part, target)


def _elsewhere(error: OSError, target: Path, holder: Path) -> bool:
    """Whether it names a file that has nothing to do with `target`: one that was read in the block, say."""
    if not isinstance(error.filename, str):
        return False
    named = Path(os.path.realpath(error.filename))
    here = {Path(os.path.realpath(path)) for path in (target, target.parent, holder)}
    return named not in here and not here & {*named.parents} - {Path(os.path.realpath(target.parent))}


def _taken(target: Path) -> UsageError:
    return UsageError(f"{target} is there already; give another name, or remove it first")

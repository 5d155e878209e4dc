"""A file is whole or absent, whoever writes it and however that ends; a lock ends with its process."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.forked import Child

from stq import files, locks
from stq.app._run_lock import InUse, claimed, clear, holds_nothing
from stq.errors import DiskError, UsageError
from stq.files import _room


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.002)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o600)
    with files.whole(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == {"a.txt"}


def test_the_names_of_new_folders_are_put_on_the_disk_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, flushed = os.fsync, set()

    def fsync(opened: int) -> None:
        flush(opened)
        flushed.add(os.fstat(opened).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    files.write(tmp_path / "deep" / "er" / "a.txt", "text")
    assert {(tmp_path / place).stat().st_ino for place in ("", "deep", "deep/er", "deep/er/a.txt")} <= flushed
    flushed.clear()
    with claimed(tmp_path / "runs" / "a", "stq train"):
        assert {(tmp_path / place).stat().st_ino for place in ("", "runs")} <= flushed


def broken_off(target: Path, error: BaseException) -> None:
    with files.whole(target, needed=2_500_000) as part:
        part.write_text("ne")
        raise error


def test_an_error_on_the_way_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        broken_off(path, KeyboardInterrupt())
    words = r"a.txt can't be written: No space left on device \(2.5 MB needed, .* free\); make room"
    for target in (path, tmp_path / "deep" / "er" / "a.txt"):
        with pytest.raises(DiskError, match=words):
            broken_off(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert path.read_text() == "old"
    assert names(tmp_path) == {"a.txt"}


def test_a_folder_that_was_there_stays_although_it_is_empty_and_those_that_were_made_go(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty" / "a.txt", tmp_path / "empty" / "new" / "er" / "a.txt"):
        with pytest.raises(DiskError):
            broken_off(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert names(tmp_path) == {"empty"}
    assert names(tmp_path / "empty") == set()


def test_a_path_is_named_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(DiskError, match=r"link/a\.txt can't be written: Input/output error$"):
        broken_off(tmp_path / "link" / "a.txt", OSError(errno.EIO, os.strerror(errno.EIO)))


def test_what_takes_its_place_is_on_the_disk_before_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave a name without its bytes."""
    told: list[str] = []

    def synchronised(number: int) -> None:
        told.append(Path(os.readlink(f"/proc/self/fd/{number}")).name)

    def renamed(source: Path, target: Path) -> None:
        told.append("renamed")
        os.replace(source, target)

    monkeypatch.setattr(os, "fsync", synchronised)
    monkeypatch.setattr(os, "rename", renamed)
    folder_of(tmp_path / "a", "text")
    monkeypatch.undo()
    assert told == ["inside", "a", "renamed", tmp_path.name]
    assert (tmp_path / "a" / "inside").read_text() == "text"


def test_whatever_stands_at_a_place_is_discarded_and_nothing_that_it_points_to(tmp_path: Path) -> None:
    folder_of(tmp_path / "folder", "text")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("link", "not there"):
        files.discard(tmp_path / name)
    assert (tmp_path / "folder" / "inside").read_text() == "text"
    (tmp_path / "file").write_text("text")
    for name in ("folder", "file"):
        files.discard(tmp_path / name)
    assert names(tmp_path) == set()


def test_a_lock_is_let_go_of_when_all_else_in_its_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another process would take a folder for one that was left while something is still in it."""
    let_go, left = locks.let_go, list[set[str]]()

    def noting(path: Path) -> None:
        left.append(names(path.parent))
        let_go(path)

    monkeypatch.setattr(locks, "let_go", noting)
    with pytest.raises(KeyboardInterrupt):
        broken_off(tmp_path / "a.txt", KeyboardInterrupt())
    assert left == [{"lock"}]
    assert not [path for path in locks._HELD if path.is_relative_to(tmp_path)]


def test_whatever_a_library_calls_it_a_disk_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = PermissionError(errno.EACCES, "Permission denied")
    assert str(files.disk_error(Path("a.nc"), denied)) == "a.nc can't be written: Permission denied"
    monkeypatch.setattr(_room, "free_space", lambda path: 1)
    assert str(files.disk_error(Path("a.nc"), denied)) == "a.nc can't be written: Permission denied"
    monkeypatch.setattr(_room, "free_space", lambda path: 0)
    assert str(files.disk_error(Path("a.nc"), denied)).endswith(
        "Permission denied (0 bytes free); make room and run the command again"
    )


def test_an_error_that_is_not_of_the_disk_keeps_its_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.whole(tmp_path / "a.txt"):
        (tmp_path / "elsewhere" / "input.nc").read_bytes()


@pytest.mark.parametrize("new", [files.write, lambda path, text, **_: folder_of(path, text)])
def test_what_must_not_be_there_is_not_replaced_although_it_came_in_between(
    tmp_path: Path, new: Callable[..., None]
) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        new(tmp_path / "a", "yours", new=True)
    assert (tmp_path / "a").read_text() == "mine"
    assert names(tmp_path) == {"a"}


def folder_of(path: Path, text: str) -> None:
    with files.whole(path) as part:
        part.mkdir()
        (part / "inside").write_text(text)


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    files.write(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "text"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write(tmp_path / "pipe", "through the pipe")
    assert os.read(reader, 100) == b"through the pipe"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_a_new_file_is_written_also_where_the_file_system_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(tmp_path / "a", b"bytes", new=True)
    assert (tmp_path / "a").read_bytes() == b"bytes"

    def refuse(source: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    monkeypatch.setattr(os, "link", refuse)
    number = errno.EPERM
    files.write(tmp_path / "b", "text", new=True)
    assert (tmp_path / "b").read_text() == "text"
    with pytest.raises(UsageError, match="is there already"):
        files.write(tmp_path / "b", "other", new=True)
    number = errno.EIO
    with pytest.raises(DiskError, match="Input/output error"):
        files.write(tmp_path / "c", "text", new=True)
    assert names(tmp_path) == {"a", "b"}
    assert (tmp_path / "b").read_text() == "text"


def test_a_name_as_long_as_names_may_be_and_one_of_odd_letters_are_written(tmp_path: Path) -> None:
    for name in ("n" * 255, "[a]*?.txt"):
        files.write(tmp_path / name, "text")
    assert names(tmp_path) == {"n" * 255, "[a]*?.txt"}


def test_two_processes_that_write_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def slowly(letter: str) -> None:
        with files.whole(path) as part:
            part.write_text(letter * 1000)
            (tmp_path / letter).touch()
            wait_for(tmp_path / "go")

    children = [Child(lambda letter=letter: slowly(letter), tmp_path / f"told-{letter}") for letter in "xy"]
    for letter in "xy":
        wait_for(tmp_path / letter)
    files.sweep(tmp_path)  # which leaves them alone
    (tmp_path / "go").touch()
    assert [child.wait() for child in children] == [0, 0]
    assert path.read_text() in ("x" * 1000, "y" * 1000)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("again", [lambda path: files.write(path, "new"), lambda path: files.sweep(path.parent)])
def test_what_a_killed_process_left_goes(tmp_path: Path, again: Callable[[Path], None]) -> None:
    def half(path: Path = tmp_path / "a.txt") -> None:
        with files.whole(path) as part:
            part.write_text("ne")
            (tmp_path / "begun").touch()
            time.sleep(60)

    child = Child(half, tmp_path / "told")
    wait_for(tmp_path / "begun")
    child.send(signal.SIGKILL)
    child.wait()
    assert list(tmp_path.glob(".*.part"))
    again(tmp_path / "a.txt")
    assert not list(tmp_path.glob(".*"))


def test_a_lock_is_held_by_one_process_and_not_by_what_it_forks(tmp_path: Path) -> None:
    lock = tmp_path / "lock"

    def try_it() -> None:
        assert not locks.holds(lock)
        raise SystemExit(0 if locks.take(lock) else 7)

    assert locks.take(lock)
    assert locks.holds(lock)
    assert Child(try_it, tmp_path / "told").wait() == 7
    locks.let_go(lock)
    assert not lock.exists()
    assert Child(try_it, tmp_path / "told").wait() == 0
    assert locks.take(lock)  # it died without letting go
    locks.let_go(lock)


def test_a_claimed_run_names_who_has_it_and_is_free_when_that_is_killed(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a"

    def hold() -> None:
        with claimed(run, "stq train"):
            (tmp_path / "begun").touch()
            time.sleep(60)

    child = Child(hold, tmp_path / "told")
    wait_for(tmp_path / "begun")
    assert holds_nothing(run)
    with pytest.raises(InUse, match=rf"a is in use by `stq train` \(process {child.pid} on .*, since 2.*\)"):
        clear(run, "stq tune")
    child.send(signal.SIGKILL)
    child.wait()
    with claimed(run, "stq report"), claimed(run, "stq eval"):  # one that has it may claim it again
        assert holds_nothing(run)
    assert names(run) == set()
    with claimed(tmp_path / "new" / "run", "stq train"):
        pass
    assert not (tmp_path / "new").exists()


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", refuse)


@pytest.mark.usefixtures("no_locks")
def test_a_file_system_without_locks_is_warned_of(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="lies on a file system without locks"), claimed(tmp_path, "stq train"):
        files.write(tmp_path / "a.txt", "text")
    assert names(tmp_path) == {"a.txt"}


@pytest.mark.usefixtures("no_locks")
def test_what_was_left_on_a_file_system_without_locks_is_swept_as_well(tmp_path: Path) -> None:
    def half() -> None:
        with files.whole(tmp_path / "a.txt") as part:
            part.write_text("ne")
            os._exit(9)

    assert Child(half, tmp_path / "told").wait() == 9
    assert len(list(tmp_path.glob(".a.txt.*.part/*"))) == 1
    files.sweep(tmp_path)
    assert names(tmp_path) == {"told"}


WINDOWS = """
import enum, signal, sys, warnings
sys.modules["fcntl"] = None
signal.Signals = enum.IntEnum("Signals", {"SIGINT": 2, "SIGTERM": 15})
del signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD
import stq.cli
from pathlib import Path
from stq import files
from stq.app._run_lock import claimed
with warnings.catch_warnings(record=True) as told, claimed(Path(sys.argv[1]), "stq train"):
    files.write(Path(sys.argv[1]) / "a.txt", "text")
print(*(warning.message for warning in told))
"""


def test_a_system_without_posix_locks_and_signals_is_as_a_file_system_without_locks(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WINDOWS, tmp_path], capture_output=True, text=True)
    assert done.stderr == ""
    assert "without locks" in done.stdout
    assert (tmp_path / "a.txt").read_text() == "text"
    assert names(tmp_path) == {"a.txt"}

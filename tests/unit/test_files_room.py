"""The words for what can't be written, and the room that there is."""

import errno
import shutil
from pathlib import Path

import pytest

from stq.errors import DiskError
from stq.files import disk_error, free_space, in_words, refuse_missing_folder, refuse_too_large, sha256_of


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (2_340_000_000, "2.3 GB"),
        (5_600_000_000_000, "5.6 TB"),
        (7_800_000_000_000_000, "7800.0 TB"),
    ],
)
def test_a_size_is_said_in_the_unit_that_a_person_would_take(size: int, words: str) -> None:
    assert in_words(size) == words


def test_room_is_that_of_the_disk_on_which_the_folders_would_be_made(tmp_path: Path) -> None:
    here = shutil.disk_usage(tmp_path).free
    assert free_space(tmp_path / "not" / "there" / "yet") == pytest.approx(here, rel=0.05)
    assert free_space(Path("not there")) > 0


def test_what_does_not_fit_is_refused_with_both_sizes_and_what_just_fits_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stq.files._room.free_space", lambda path: 1500)
    refuse_too_large(tmp_path / "a", 1500)
    with pytest.raises(DiskError) as refused:
        refuse_too_large(tmp_path / "a", 1501)
    words = f"{tmp_path / 'a'} can't be written: No space left on device (1.5 kB needed, 1.5 kB free); make room"
    assert str(refused.value).startswith(words)


def test_only_a_full_disk_speaks_of_room(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert str(disk_error(path, PermissionError(errno.EACCES, "Permission denied"))) == (
        f"{path} can't be written: Permission denied"
    )
    for full in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert " free); make room" in str(disk_error(path, OSError(full, "full")))
    assert " needed" not in str(disk_error(path, OSError(errno.ENOSPC, "full")))
    for error in (OSError(-51, "NetCDF: unknown"), OSError(0, "unknown"), RuntimeError("first line\nsecond line")):
        words = str(disk_error(path, error, 2000))
        assert " (2.0 kB needed, " in words
        assert "second line" not in words
    assert "unknown cause (" in str(disk_error(path, RuntimeError()))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refuse_missing_folder(tmp_path / "a")
    with pytest.raises(DiskError, match=r"there is no folder .*not there$"):
        refuse_missing_folder(tmp_path / "not there" / "a")


def test_the_checksum_is_that_of_sha256sum_also_of_a_file_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert sha256_of(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    file.write_bytes(bytes(3_000_000))
    assert sha256_of(file) == "35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f"

"""Statistics on disk: the same numbers back, or a refusal."""

from pathlib import Path

import numpy as np
import pytest
from support.grids import request_for, seasonal, write_grid

from stq.data import Statistics, build_data
from stq.data._statistics_file import _ARRAYS, _TEXTS, _WORDS
from stq.errors import CheckFailed, DataError, DiskError


@pytest.fixture
def statistics(tmp_path: Path) -> Statistics:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(), "cloud": seasonal(seed=2)})
    return build_data(request_for(path, inputs=("cloud",), relative_to="last")).normaliser


def test_what_was_saved_comes_back_to_the_last_bit(tmp_path: Path, statistics: Statistics) -> None:
    path = tmp_path / "statistics.npz"
    statistics.save(path)
    again = Statistics.load(path)
    for name in (*_TEXTS, *_WORDS):
        assert getattr(again, name) == getattr(statistics, name)
    for name in _ARRAYS:
        here, there = getattr(statistics, name), getattr(again, name)
        assert here.dtype == there.dtype
        np.testing.assert_array_equal(here, there)
    again.save(tmp_path / "again.npz")
    assert path.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_the_same_windows_come_of_the_saved_statistics(tmp_path: Path, statistics: Statistics) -> None:
    statistics.save(tmp_path / "statistics.npz")
    request = request_for(tmp_path / "a.nc", inputs=("cloud",), relative_to="last")
    fresh = build_data(request)
    again = build_data(request, Statistics.load(tmp_path / "statistics.npz"))
    for here, there in zip(fresh.splits["test"][0], again.splits["test"][0], strict=True):
        np.testing.assert_array_equal(here, there)


def test_every_damaged_byte_is_noticed(tmp_path: Path, statistics: Statistics) -> None:
    path = tmp_path / "statistics.npz"
    statistics.save(path)
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            again = Statistics.load(path)
        except CheckFailed:
            continue
        for name in _ARRAYS:
            np.testing.assert_array_equal(getattr(again, name), getattr(statistics, name))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckFailed, match="damaged"):
        Statistics.load(path)


def test_another_file_a_pickle_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(CheckFailed):
        Statistics.load(tmp_path / "other.npz")
    np.savez(tmp_path / "pickle.npz", head=np.array([{}], dtype=object))
    with pytest.raises(CheckFailed):
        Statistics.load(tmp_path / "pickle.npz")
    with pytest.raises(DataError, match="no such file"):
        Statistics.load(tmp_path / "none.npz")


def test_a_place_that_can_not_be_written_is_a_disk_error(tmp_path: Path, statistics: Statistics) -> None:
    with pytest.raises(DiskError, match="can't be written"):
        statistics.save(tmp_path / "none" / "statistics.npz")


def test_a_number_changed_by_hand_does_not_match_the_checksum(tmp_path: Path, statistics: Statistics) -> None:
    path = tmp_path / "statistics.npz"
    statistics.save(path)
    with np.load(path) as stored:
        contents = dict(stored)
    contents["step"] = contents["step"] * 2
    np.savez(path, **contents)
    with pytest.raises(CheckFailed, match="do not match their checksum"):
        Statistics.load(path)

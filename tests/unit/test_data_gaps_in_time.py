"""Missing inputs, missing frames and uneven steps."""

from pathlib import Path

import cftime
import numpy as np
import pytest
from support.grids import request_for, seasonal, write_grid

from stq.data import RegularStep, build_data, read_series
from stq.errors import DataError

SPLIT = {"train": 0.6, "val": 0.2, "test": 0.2}


def days(*numbers: int) -> np.ndarray:
    return np.datetime64("2001-01-01", "ns") + np.array(numbers) * np.timedelta64(1, "D")


def test_a_gap_is_filled_forward_within_the_window_and_a_channel_says_where(tmp_path: Path) -> None:
    air, sea = seasonal(60), seasonal(60, seed=1)
    sea[10, 1, 1] = np.nan
    sea[38:42, 2, 2] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": air, "sea": sea})
    plain = build_data(request_for(path, inputs=("sea",), split=SPLIT))
    filled = build_data(request_for(path, inputs=("sea",), split=SPLIT, missing="forward"))
    windows = filled.splits["val"]
    assert filled.channel_names == ("air", "sea", "sea missing")
    item = windows[windows.issue_times.index(39)]  # inputs 37, 38, 39: the first is known
    known = item.inputs[0, 1, 2, 2]
    assert known != 0
    assert item.inputs[:, 1, 2, 2].tolist() == [known, known, known]
    assert item.inputs[:, 2, 2, 2].tolist() == [0, 1, 1]
    there = plain.splits["val"][windows.issue_times.index(39)].inputs[:, 1, 2, 2]
    assert there.tolist() == [known, 0, 0]
    item = windows[windows.issue_times.index(40)]  # inputs 38, 39, 40: none is known
    assert item.inputs[:, 1, 2, 2].tolist() == [0, 0, 0]
    relative = build_data(request_for(path, inputs=("sea",), split=SPLIT, missing="forward", relative_to="last"))
    item = relative.splits["val"][windows.issue_times.index(39)]
    assert item.inputs[:, 1, 2, 2].tolist() == [0, 0, 0]
    assert item.inputs[:, 3, 2, 2].tolist() == [known] * 3


def test_missing_frames_take_their_place_on_an_even_axis_and_are_counted(tmp_path: Path) -> None:
    there = [number for number in range(40) if number not in (5, 6, 20)]
    field = seasonal(40)
    path = write_grid(tmp_path / "a.nc", {"air": field[there]}, times=days(*there))
    with pytest.raises(DataError, match="the steps must be even"):
        build_data(request_for(path, split=SPLIT))
    for memory in ("all", "lazy"):
        request = request_for(path, split=SPLIT, step=RegularStep("1D"), memory=memory)
        series = read_series(request)
        assert len(series.times) == 40
        assert series.times.labels[5] == "2001-01-06"
        expected = field.copy()
        expected[[5, 6, 20]] = np.nan
        np.testing.assert_array_equal(series.values[:, 0], expected)
        data = build_data(request)
        assert "3 of 40 frames are missing from the even time axis" in data.notes
        train = data.splits["train"]
        assert 3 in train.issue_times
        assert 4 not in train.issue_times  # both of its targets are missing
        item = train[train.issue_times.index(3)]
        assert item.valid[0].all()
        assert not item.valid[1].any()


def test_dates_within_the_tolerance_take_the_nearest_place(tmp_path: Path) -> None:
    jitter = np.random.default_rng(0).integers(-60, 61, 40) * np.timedelta64(1, "m")
    jitter[0] = 0
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(40)}, times=days(*range(40)) + jitter)
    assert len(read_series(request_for(path, step=RegularStep("1D", 0.05))).times) == 40
    with pytest.raises(DataError, match=r"stands .* steps of 1D off the even axis from 2001-01-01"):
        read_series(request_for(path, step=RegularStep("1D", 0.01)))
    with pytest.raises(DataError, match="it is not a step of 5D"):
        read_series(request_for(path, step=RegularStep("5D", 0.49)))
    with pytest.raises(DataError, match=r"data\.step is '0D'"):
        read_series(request_for(path, step=RegularStep("0D")))


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_a_missing_month_is_found_in_any_calendar(tmp_path: Path, calendar: str) -> None:
    dates = [cftime.datetime(2001 + n // 12, n % 12 + 1, 15, calendar=calendar) for n in range(40) if n != 13]
    path = write_grid(tmp_path / "a.nc", {"air": np.delete(seasonal(40), 13, axis=0)}, times=dates)
    series = read_series(request_for(path, step=RegularStep("1month")))
    assert series.times.labels[12:15] == ("2002-01-15", "2002-02-15", "2002-03-15")
    assert np.isnan(series.values[13]).all()


def test_irregular_steps_count_frames_and_tell_the_gap(tmp_path: Path) -> None:
    numbers = np.cumsum([0, *([1, 2, 1, 1] * 10)][:40])
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(40)}, times=days(*numbers.tolist()))
    data = build_data(request_for(path, split=SPLIT, irregular="index", calendar=("month",)))
    assert data.channel_names == ("air", "month sine", "month cosine", "gap")
    item = data.splits["train"][0]
    np.testing.assert_allclose(item.inputs[:, 3, 0, 0], [0, 0, np.log(2)], rtol=1e-6)
    assert data.times[2] == "2001-01-04"
    for name, windows in data.splits.items():
        for index in range(len(windows)):
            assert windows[index].inputs.isfinite().all(), name
    with pytest.raises(DataError, match="give one of them"):
        request_for(path, irregular="index", step=RegularStep("1D"))

"""Splits and dates, in every calendar."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.grids import monthly, request_for, seasonal, write_grid

from stq.data import Grid, TimeAxis, build_data, resolve_splits
from stq.data._splits import steps_in
from stq.data._time_axis import read_times
from stq.data._window_parts import location_of
from stq.errors import DataError, UsageError


def axis(times: object) -> TimeAxis:
    return read_times(xr.DataArray(times, dims="time", name="time"), "a.nc")


def dates(start: str, periods: int, freq: str, calendar: str = "standard") -> object:
    return xr.date_range(start, periods=periods, freq=freq, calendar=calendar, use_cftime=calendar != "standard")


MONTHS = axis(monthly(24))
DAYS = axis(dates("2001-01-01", 60, "D"))


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("1995-01", "1995-12"), range(12)),
        (("1995", "1995"), range(12)),
        (("1995-03-01", "1995-05-31"), range(2, 5)),
        (("1995-03-02", "1995-05-01"), range(3, 5)),
        (("1996-11", "1996-12-31"), range(22, 24)),
        (("1995-1", "1995-1"), range(1)),
    ],
)
def test_both_ends_count_and_a_partial_date_is_the_whole_period(pair: tuple[str, str], expected: range) -> None:
    assert resolve_splits({"train": pair}, MONTHS) == {"train": expected}


def test_days_and_hours_are_told_apart() -> None:
    assert resolve_splits({"train": ("2001-01", "2001-02-03")}, DAYS)["train"] == range(34)
    hours = axis(dates("2001-01-01", 48, "h"))
    assert resolve_splits({"train": ("2001-01-01T06", "2001-01-01T06:30")}, hours)["train"] == range(6, 7)
    assert resolve_splits({"train": ("2001-01-02", "2001-01-02")}, hours)["train"] == range(24, 48)


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day", "all_leap", "julian"])
def test_every_calendar_works_from_file_to_windows(tmp_path: Path, calendar: str) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=monthly(60, calendar=calendar))
    split = {"train": ("1995", "1998-02-30" if calendar == "360_day" else "1998-02"), "test": ("1998-03", "1999-12")}
    data = build_data(request_for(path, split=split))
    assert data.splits["test"].issue_times[0] == 37
    assert data.times[37:39] == ("1998-02-01", "1998-03-01")


@pytest.mark.parametrize(("start", "freq"), [("2000-01-31", "ME"), ("2000-01-01", "3MS"), ("2000-02-29", "YE")])
def test_calendar_months_and_years_are_even_steps(start: str, freq: str) -> None:
    assert len(axis(dates(start, 12, freq))) == 12


def test_a_month_of_february_days_in_a_calendar_of_equal_months_is_even() -> None:
    assert axis(dates("2000-02-28", 5, "D", "360_day")).labels[-1] == "2000-03-02"


def test_uneven_repeated_and_unordered_dates_are_refused_with_their_place() -> None:
    days = np.array(dates("2001-01-01", 10, "D"))
    with pytest.raises(DataError, match=r"from 2001-01-04 to 2001-01-06 it is 2 days where most steps are 1 day"):
        axis(np.delete(days, 4))
    with pytest.raises(DataError, match=r"steps 3 and 4 \(2001-01-04, 2001-01-04\) are the same date"):
        axis(np.insert(days, 3, days[3]))
    with pytest.raises(DataError, match=r"steps 0 and 1 \(2001-01-10, 2001-01-09\) are out of order"):
        axis(days[::-1].copy())
    with pytest.raises(DataError, match=r"from 1995-04-01 to 1995-06-01 it is 2 months where"):
        axis(np.delete(np.array(monthly(12)), 4))


def test_rounded_dates_are_even_enough() -> None:
    jitter = np.array([0, 3, -4, 1, 0, 2, -1, 0, 5, -2]) * np.timedelta64(1, "ms")
    assert len(axis(np.array(dates("2001-01-01", 10, "6h")) + jitter)) == 10


def test_fractions_are_contiguous_blocks_in_their_order_in_time() -> None:
    found = resolve_splits({"test": 0.1, "train": 0.6, "val": 0.2, "calibration": 0.1}, DAYS)
    assert found == {"train": range(36), "val": range(36, 48), "calibration": range(48, 54), "test": range(54, 60)}
    assert resolve_splits({"train": 0.5, "test": 0.25}, DAYS) == {"train": range(30), "test": range(30, 45)}
    assert resolve_splits({"train": 1 + 1e-6}, DAYS) == {"train": range(60)}  # the sum of fractions may be rounded


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"train": ("1995-01", "1995-12"), "val": ("1995-12", "1996-02")}, "train and val overlap from 1995-12-01"),
        ({"train": ("1995-01-02", "1995-01-31")}, "train .* holds no step of the series .*1995-01-01 to 1996-12-01"),
        ({"val": ("1990-01", "1990-12")}, "val .* reaches beyond the series .*1995-01-01 to 1996-12-01, 24 steps"),
        ({"val": ("1996-01", "1997-01")}, "val .* reaches beyond the series"),
        ({"val": ("1994-12", "1996-01")}, "val .* reaches beyond the series"),
        ({"val": ("1996", "1997")}, "val .* reaches beyond the series"),
        ({"val": ("1994", "1996")}, "val .* reaches beyond the series"),
        ({"test": ("1996-05", "1996-02")}, r"test ends \(1996-02\) before it begins \(1996-05\)"),
        ({"test": ("1996-13", "1997")}, "test has '1996-13' where a date such as"),
        ({"test": ("last year", "1997")}, "test has 'last year' where a date such as"),
        ({"train": ("1995", "1995"), "val": 0.1}, "train has dates, val a fraction"),
        ({"train": 0.9, "val": 0.2}, r"add up to at most 1; these add up to 1.1"),
        ({"train": 0.9, "val": 0.0}, "fractions must be above 0"),
        ({"train": 0.9, "val": 0.01}, r"val \(0.01 of 24 steps\) holds no step"),
        ({"practice": 0.9}, "'practice' has no place in the order"),
    ],
)
def test_splits_that_can_not_be_are_refused_by_name(split: dict[str, tuple[str, str] | float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        resolve_splits(split, MONTHS)


def test_data_without_a_training_split_is_refused(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()})
    with pytest.raises(DataError, match=r"data.split has no 'train' \(it has test\)"):
        build_data(request_for(path, split={"test": ("1996", "1999")}))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2001-01", range(31)),
        ("2001-01-31", range(30, 31)),
        ("2001-02", range(31, 40)),
        ("2001", range(40)),
        ("2001-02-09", range(39, 40)),
    ],
)
def test_a_date_names_the_steps_of_its_whole_period_as_far_as_the_series_goes(date: str, expected: range) -> None:
    assert steps_in(date, DAYS, 40, "--init") == expected


def test_a_date_that_names_no_step_is_told_what_there_is() -> None:
    with pytest.raises(DataError) as refused:
        steps_in("2001-02-10", DAYS, 40, "--init")
    assert str(refused.value) == (
        "--init 2001-02-10: there is no such step (the series runs from 2001-01-01 to 2001-02-09, 40 steps)"
    )
    with pytest.raises(UsageError, match="--init 'soon' where a date such as"):
        steps_in("soon", DAYS, 40, "--init")


POSITIONS = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid((2, 3), lat=POSITIONS, lon=-POSITIONS), np.stack([POSITIONS, -POSITIONS])),
        (Grid((2, 3)), np.zeros((2, 2, 3))),
        (Grid((2, 3), lat=POSITIONS), np.zeros((2, 2, 3))),
        (Grid((2, 3), lon=POSITIONS), np.zeros((2, 2, 3))),
    ],
    ids=["both", "none", "latitude alone", "longitude alone"],
)
def test_a_place_is_told_where_latitude_and_longitude_are_known(grid: Grid, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(location_of(grid), expected)

"""The dates of a forecast are those that a longer series would have had."""

import numpy as np
import pytest
import xarray as xr

from stq.data._time_step import TimeStep, step_of

SERIES = [
    ("MS", "standard", "1999-10-01", "1 calendar month", ((1.0, 2.0, 4.0), "1")),
    ("3MS", "standard", "1999-10-01", "3 calendar months", ((3.0, 6.0, 12.0), "1")),
    ("ME", "standard", "1999-10-31", "1 calendar month", ((1.0, 2.0, 4.0), "1")),
    ("ME", "noleap", "1999-10-31", "1 calendar month", ((1.0, 2.0, 4.0), "1")),
    ("MS", "360_day", "1999-10-01", "1 calendar month", ((1.0, 2.0, 4.0), "1")),
    ("D", "standard", "2000-02-20", "1 day", ((1.0, 2.0, 4.0), "days")),
    ("D", "noleap", "2000-02-20", "1 day", ((1.0, 2.0, 4.0), "days")),
    ("D", "360_day", "2000-02-20", "1 day", ((1.0, 2.0, 4.0), "days")),
    ("6h", "standard", "1999-12-30", "6 hours", ((6.0, 12.0, 24.0), "hours")),
    ("6h", "360_day", "1999-12-29", "6 hours", ((6.0, 12.0, 24.0), "hours")),
    ("90min", "standard", "1999-12-30", "90 minutes", ((90.0, 180.0, 360.0), "minutes")),
    ("YS", "standard", "1996-01-01", "12 calendar months", ((12.0, 24.0, 48.0), "1")),
]


def series(freq: str, calendar: str, start: str, steps: int) -> xr.DataArray:
    values = xr.date_range(start, periods=steps, freq=freq, calendar=calendar, use_cftime=calendar != "standard")
    return xr.DataArray(values.values, dims="time", name="time")


@pytest.mark.parametrize(("freq", "calendar", "start", "words", "periods"), SERIES)
def test_dates_go_on_as_the_series_does(
    freq: str, calendar: str, start: str, words: str, periods: tuple[tuple[float, ...], str]
) -> None:
    whole = series(freq, calendar, start, 20)
    step = step_of(whole[:12])
    assert step is not None
    assert str(step) == words
    assert step.periods((1, 2, 4)) == periods
    np.testing.assert_array_equal(step.continued(whole[:12], 8).values, whole.values)
    assert step.holds(whole)
    assert not step.holds(whole[::2])


def test_the_day_is_clipped_to_the_length_of_the_month() -> None:
    dates = xr.DataArray(np.array(["2001-11-30T06", "2001-12-30T06"], dtype="datetime64[us]"), dims="time")
    ahead = TimeStep(1, 0).continued(dates, 3).values[2:]
    assert ahead.astype("datetime64[h]").astype(str).tolist() == ["2002-01-30T06", "2002-02-28T06", "2002-03-30T06"]


def test_uneven_dates_have_no_step() -> None:
    assert step_of(series("D", "standard", "2000-01-01", 9)[[0, 1, 3, 4, 8]]) is None
    assert step_of(series("D", "standard", "2000-01-01", 1)) is None

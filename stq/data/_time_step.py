"""The step of a series: so many calendar months, or so many seconds; and the dates that follow by it."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import xarray as xr

from stq.data._seconds import seconds_between
from stq.errors import DataError

_JITTER = 1e-3
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True)
class TimeStep:
    """Either `months` or `seconds` is above 0."""

    months: int
    seconds: float

    def __str__(self) -> str:
        if self.months:
            return f"{self.months} calendar month" + ("s" if self.months > 1 else "")
        unit, length = self._unit()
        count = self.seconds / length
        return f"{count:.6g} {unit[:-1] if count == 1 else unit}"

    def periods(self, horizons: tuple[int, ...]) -> tuple[tuple[float, ...], str]:
        """How far ahead each horizon is, and in which unit; `1` for calendar months, which have no one length."""
        if self.months:
            return tuple(float(self.months * horizon) for horizon in horizons), "1"
        unit, length = self._unit()
        return tuple(self.seconds * horizon / length for horizon in horizons), unit

    def holds(self, dates: xr.DataArray) -> bool:
        """Whether these dates follow each other by this step."""
        if self.months:
            return bool((np.diff(_months(dates)) == self.months).all())
        return bool((np.abs(seconds_between(dates) - self.seconds) <= _JITTER * self.seconds).all())

    def continued(self, dates: xr.DataArray, count: int) -> xr.DataArray:
        """The dates, and `count` more after the last.

        Months keep the day of the last date, clipped to their length; where every date is the last day of its month,
        so are those that follow.

        Raises:
            DataError: the calendar ends before.
        """
        last = dates.values[-1]
        try:
            ahead = [self._after(dates, last, number) for number in range(1, count + 1)]
        except (OverflowError, ValueError) as error:
            raise DataError(f"the dates can't be continued for {count} steps of {self}: {error}") from error
        values = np.concatenate([dates.values, np.array(ahead, dtype=dates.dtype)])
        return xr.DataArray(values, dims="time", name=dates.name)

    def _after(self, dates: xr.DataArray, last: object, number: int) -> object:
        dated = np.issubdtype(dates.dtype, np.datetime64)
        if self.months:
            return _months_on(dates, self.months * number)
        if dated:
            return last + np.timedelta64(round(self.seconds * number * 1e6), "us")  # type: ignore[operator]
        return last + timedelta(seconds=self.seconds * number)  # type: ignore[operator]

    def _unit(self) -> tuple[str, int]:
        return next((unit for unit in _UNITS if self.seconds % unit[1] == 0), _UNITS[-1])


def step_of(dates: xr.DataArray) -> TimeStep | None:
    """The even step of ascending dates; None where there is none, or where a single date can't tell.

    As in `TimeAxis`, dates that advance by so many calendar months each are months, wherever in the month they stand.
    """
    if len(dates) < 2:
        return None
    months = int(np.diff(_months(dates[:2]))[0])
    if months > 0 and TimeStep(months, 0).holds(dates):
        return TimeStep(months, 0)
    usual = TimeStep(0, _rounded(float(np.median(seconds_between(dates)))))
    return usual if usual.holds(dates) else None


def _rounded(seconds: float) -> float:
    """Times in whole seconds, but for those that came through a number of days in floating point."""
    nearest = float(round(seconds))
    return nearest if nearest and abs(nearest - seconds) < _JITTER * nearest else seconds


def _months(dates: xr.DataArray) -> np.ndarray:
    return np.asarray(dates.dt.year.values.astype(np.int64) * 12 + dates.dt.month.values.astype(np.int64))


def _months_on(dates: xr.DataArray, months: int) -> object:
    length = dates.dt.days_in_month
    ends = bool((dates.dt.day == length).all())
    years, month = divmod(int(_months(dates[-1:])[0]) - 1 + months, 12)
    last, day = dates.values[-1], int(dates.dt.day[-1])
    if np.issubdtype(dates.dtype, np.datetime64):
        first = np.datetime64(f"{years:04d}-{month + 1:02d}-01", "D")
        days = int(((first.astype("datetime64[M]") + 1).astype("datetime64[D]") - first) / np.timedelta64(1, "D"))
        clock = last - last.astype("datetime64[D]")
        return first + np.timedelta64((days if ends else min(day, days)) - 1, "D") + clock
    first = last.replace(year=years, month=month + 1, day=1)
    days = int(first.daysinmonth)
    return first.replace(day=days if ends else min(day, days))

"""Dates of files that have none: a first one and an even step."""

import re
from dataclasses import dataclass
from datetime import timedelta

import cftime
import numpy as np

from stq.errors import DataError

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}
_STEP = re.compile(r"(\d+)\s*([a-z]+)", re.IGNORECASE)
_LAST_DAY_OF_ALL_MONTHS = 28


@dataclass(frozen=True)
class RegularTime:
    """Dates that follow each other by `step` (6h, 1D, 30min, 1 month) from `start` on."""

    start: tuple[int, ...]
    """Year, month, day, hour, minute, second."""
    step: str
    calendar: str = "standard"

    def dates(self, first: int, count: int) -> np.ndarray:
        """The dates of `count` steps, beginning with step `first`.

        Raises:
            DataError: the step is no step, or the start no date of the calendar.
        """
        match = _STEP.fullmatch(self.step.strip())
        number, unit = (int(match[1]), match[2].lower()) if match else (0, "")
        if number < 1 or unit not in (*_SECONDS, *_MONTHS):
            raise DataError(
                f"data.time.step is '{self.step}', and must be a number above 0 with one of the units "
                f"s, min, h, D, W, month, year"
            )
        try:
            start = cftime.datetime(*self.start, calendar=self.calendar)
            if unit in _MONTHS:
                stride = number * _MONTHS[unit]
                found = [self._months_on(stride * step) for step in range(first, first + count)]
            else:
                stride = number * _SECONDS[unit]
                found = [start + timedelta(seconds=stride * step) for step in range(first, first + count)]
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"data.time.start is {self.start}, which can't begin {count} steps of {self.step} in the calendar "
                f"{self.calendar}: {error}"
            ) from error
        if self.calendar in ("standard", "proleptic_gregorian"):
            return np.array([date.isoformat() for date in found], dtype="datetime64[us]")
        return np.array(found, dtype=object)

    def _months_on(self, months: int) -> cftime.datetime:
        year, month, day, *clock = self.start
        if day > _LAST_DAY_OF_ALL_MONTHS:
            raise ValueError(f"day {day} is not in every month; begin on day 1 to {_LAST_DAY_OF_ALL_MONTHS}")
        years, month = divmod(month - 1 + months, 12)
        return cftime.datetime(year + years, month + 1, day, *clock, calendar=self.calendar)

"""The times of a series: dates of any calendar, taken apart so that nothing later needs to know which."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import xarray as xr
from jaxtyping import Int64

from stq.data._seconds import seconds_between
from stq.errors import DataError

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_JITTER = 1e-3


@dataclass(frozen=True)
class TimeAxis:
    """Strictly ascending dates, evenly spaced unless the spec says that they need not be.

    `parts` holds year, month, day, hour, minute and second of each step, in the calendar of the file. Calendar months
    count as even, whatever their length and wherever in the month the date stands.
    """

    parts: Int64[np.ndarray, "N 6"]
    calendar: str
    following: tuple[int, ...]
    """The parts of the date one step after the last (of months, the start of that month): beyond the series."""
    preceding: tuple[int, ...]
    """The parts of the date one step before the first (of months, the end of that month)."""

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def months(self) -> Int64[np.ndarray, " N"]:
        """The calendar month of each step, 1 to 12."""
        return self.parts[:, 1]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each date in ISO 8601, without the time of day where all of them are midnight."""
        return _labels(self.parts)


def read_times(coordinate: xr.DataArray, where: str, *, even: bool = True) -> TimeAxis:
    """The time axis behind a coordinate of dates.

    Raises:
        DataError: dates that are repeated, out of order or, unless they need not be `even`, unevenly spaced; `where`
            names the file.
    """
    parts = _take_apart(coordinate)
    seconds = seconds_between(coordinate)
    labels = _labels(parts)
    for at in np.flatnonzero(seconds <= 0)[:1]:
        fault = "are the same date" if seconds[at] == 0 else "are out of order"
        raise DataError(
            f"{where}: the dates of '{coordinate.name}' must ascend, but steps {at} and {at + 1} "
            f"({labels[at]}, {labels[at + 1]}) {fault}"
        )
    calendar = str(coordinate.dt.calendar)
    months = np.diff(parts[:, 0] * 12 + parts[:, 1])
    if len(months) and months[0] > 0 and (months == months[0]).all():
        return TimeAxis(
            parts,
            calendar,
            following=(*_month_after(parts[-1], int(months[0])), 1, 0, 0, 0),
            preceding=(*_month_after(parts[0], -int(months[0])), 31, 23, 59, 59),
        )
    usual = float(np.median(seconds)) if len(seconds) else 0.0
    uneven = np.abs(seconds - usual) > _JITTER * usual
    if even and uneven.any():
        by_month = float(np.median(months)) >= 1
        steps, unit = (months, "month") if by_month else (seconds, "second")
        _refuse_uneven(steps, unit, labels, f"{where}: '{coordinate.name}'")
    return TimeAxis(parts, calendar, _moved(coordinate[-1:], usual), _moved(coordinate[:1], -usual))


def _labels(parts: Int64[np.ndarray, "N 6"]) -> tuple[str, ...]:
    dates = [f"{year:04d}-{month:02d}-{day:02d}" for year, month, day in parts[:, :3].tolist()]
    if not parts[:, 3:].any():
        return tuple(dates)
    clocks = [f"T{hour:02d}:{minute:02d}:{second:02d}" for hour, minute, second in parts[:, 3:].tolist()]
    return tuple(date + clock for date, clock in zip(dates, clocks, strict=True))


def _month_after(parts: Int64[np.ndarray, " 6"], months: int) -> tuple[int, int]:
    year, month = divmod(int(parts[0]) * 12 + int(parts[1]) - 1 + months, 12)
    return year, month + 1


def _take_apart(coordinate: xr.DataArray) -> Int64[np.ndarray, "N 6"]:
    return np.stack([getattr(coordinate.dt, part).values.astype(np.int64) for part in _PARTS], axis=1)


def _refuse_uneven(steps: np.ndarray, unit: str, labels: tuple[str, ...], where: str) -> None:
    usual = float(np.median(steps))
    at = int(np.argmax(np.abs(steps - usual) > _JITTER * usual))
    raise DataError(
        f"{where}: the steps must be even, but from {labels[at]} to {labels[at + 1]} it is "
        f"{_in_words(float(steps[at]), unit)} where most steps are {_in_words(usual, unit)}; "
        f"where frames are missing give the step (data.step: 1D, say), "
        f"where steps have no one length data.irregular: index"
    )


def _in_words(count: float, unit: str) -> str:
    for larger, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if unit == "second" and count >= length:
            count, unit = count / length, larger
    return f"{count:.6g} {unit}" + ("" if count == 1 else "s")


def _moved(instant: xr.DataArray, seconds: float) -> tuple[int, ...]:
    """The parts of a date some seconds away; of the date itself where the calendar ends there."""
    dated = np.issubdtype(instant.dtype, np.datetime64)
    step = np.timedelta64(round(seconds * 1000), "ms") if dated else timedelta(seconds=seconds)
    try:
        moved = instant.copy(data=instant.values + step)
    except OverflowError:
        moved = instant
    return tuple(int(part) for part in _take_apart(moved)[0])

"""The times of a series: dates of any calendar, taken apart so that nothing later needs to know which."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import xarray as xr
from jaxtyping import Int64

from stq.errors import DataError

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_JITTER = 1e-3


@dataclass(frozen=True)
class TimeAxis:
    """Strictly ascending, evenly spaced dates.

    `parts` holds year, month, day, hour, minute and second of each step, in the calendar of the file. Calendar months
    count as even, whatever their length and wherever in the month the date stands.
    """

    parts: Int64[np.ndarray, "N 6"]
    calendar: str
    following: tuple[int, ...]
    """The parts of the date one step after the last: where the series ends, as a period rather than as an instant."""
    preceding: tuple[int, ...]
    """The parts of the date one step before the first."""

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def months(self) -> Int64[np.ndarray, " N"]:
        """The calendar month of each step, 1 to 12."""
        return self.parts[:, 1]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each date in ISO 8601, without the time of day where all of them are midnight."""
        whole_days = not self.parts[:, 3:].any()
        return tuple(iso_label(part[:3] if whole_days else part) for part in self.parts.tolist())


def iso_label(parts: list[int]) -> str:
    """ISO 8601 of a date's parts, as far as they go."""
    date = "-".join([f"{parts[0]:04d}", *(f"{part:02d}" for part in parts[1:3])])
    clock = ":".join(f"{part:02d}" for part in parts[3:])
    return f"{date}T{clock}" if clock else date


def read_times(coordinate: xr.DataArray, where: str) -> TimeAxis:
    """The time axis behind a coordinate of dates.

    Raises:
        DataError: dates that are missing, repeated, out of order or unevenly spaced; `where` names the file.
    """
    if bool(coordinate.isnull().any()):
        raise DataError(f"{where}: the time axis '{coordinate.name}' has missing dates")
    parts = _take_apart(coordinate)
    seconds = _steps_in_seconds(coordinate)
    labels = [iso_label(part) for part in parts.tolist()]
    for at in np.flatnonzero(seconds <= 0)[:1]:
        fault = "are the same date" if seconds[at] == 0 else "are out of order"
        raise DataError(
            f"{where}: the dates of '{coordinate.name}' must ascend, but steps {at} and {at + 1} "
            f"({labels[at]}, {labels[at + 1]}) {fault}"
        )
    calendar = str(coordinate.dt.calendar)
    months = np.diff(parts[:, 0] * 12 + parts[:, 1])
    if len(months) and months[0] > 0 and (months == months[0]).all():
        step = int(months[0])
        return TimeAxis(parts, calendar, _months_on(parts[-1], step), _months_on(parts[0], -step))
    _refuse_uneven(seconds, labels, f"{where}: '{coordinate.name}'")
    usual = float(np.median(seconds)) if len(seconds) else 0.0
    return TimeAxis(parts, calendar, _moved(coordinate[-1:], usual), _moved(coordinate[:1], -usual))


def _months_on(parts: Int64[np.ndarray, " 6"], months: int) -> tuple[int, ...]:
    year, month = divmod(int(parts[0]) * 12 + int(parts[1]) - 1 + months, 12)
    return (year, month + 1, *parts[2:].tolist())


def _take_apart(coordinate: xr.DataArray) -> Int64[np.ndarray, "N 6"]:
    return np.stack([getattr(coordinate.dt, part).values.astype(np.int64) for part in _PARTS], axis=1)


def _steps_in_seconds(coordinate: xr.DataArray) -> np.ndarray:
    steps = np.diff(coordinate.values)
    if np.issubdtype(coordinate.dtype, np.datetime64):
        return steps / np.timedelta64(1, "s")
    return np.array([step.total_seconds() for step in steps], dtype=np.float64)


def _refuse_uneven(seconds: np.ndarray, labels: list[str], where: str) -> None:
    usual = float(np.median(seconds)) if len(seconds) else 0.0
    for at in np.flatnonzero(np.abs(seconds - usual) > _JITTER * usual)[:1]:
        raise DataError(
            f"{where}: the steps must be even, but between {labels[at]} and {labels[at + 1]} there are "
            f"{_in_words(seconds[at])} where most steps are {_in_words(usual)}; "
            f"fill the gap, or thin the series to an even step, first"
        )


def _in_words(seconds: float) -> str:
    for name, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.6g} {name}"
    return f"{seconds:.6g} seconds"


def _moved(instant: xr.DataArray, seconds: float) -> tuple[int, ...]:
    """The parts of a date some seconds away; of the date itself where the calendar ends there."""
    dated = np.issubdtype(instant.dtype, np.datetime64)
    step = np.timedelta64(round(seconds * 1000), "ms") if dated else timedelta(seconds=seconds)
    try:
        moved = instant.copy(data=instant.values + step)
    except OverflowError:
        moved = instant
    return tuple(int(part) for part in _take_apart(moved)[0])

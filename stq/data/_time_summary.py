"""The dates of files, before there is a spec."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import xarray as xr

from stq.data._axes import is_dated
from stq.data._clock import on_the_clock
from stq.data._even_steps import even_dates
from stq.data._open_source import open_source
from stq.data._request import RegularStep
from stq.data._seconds import seconds_between
from stq.data._source_file import SourceFile
from stq.data._time_axis import TimeAxis, read_times
from stq.errors import DataError


@dataclass(frozen=True)
class TimeSummary:
    """The dates of a series; `step` in words, empty where they are not even, for the reason in `problem`.

    `absent` frames are missing between them where they stand on an even axis of that step, and do not fill it.
    """

    axis: str
    calendar: str
    first: str
    last: str
    count: int
    step: str
    problem: str
    absent: int = 0


def summarise_times(files: tuple[SourceFile, ...], axis: str) -> TimeSummary | None:
    """The dates of all files on the axis of that name; None where one of them has none.

    What is wrong with them is part of the answer.
    """
    found = []
    for file in files:
        with open_source(file) as dataset:
            if axis not in dataset.coords or not is_dated(dataset[axis]):
                return None
            found.append(xr.DataArray(dataset[axis].values, dims="time", name=axis))
    try:
        found.sort(key=lambda dates: dates.values[0])
        dates = on_the_clock(found[0] if len(found) == 1 else xr.concat(found, dim="time"))
    except TypeError:
        calendars = ", ".join(sorted({str(dates.dt.calendar) for dates in found}))
        return TimeSummary(axis, calendars, "", "", 0, "", "the files are in different calendars")
    calendar, first, last = str(dates.dt.calendar), *(str(dates.values[at])[:19] for at in (0, -1))
    try:
        times = read_times(dates, files[0].address)
    except DataError as error:
        step, absent = _with_absent_frames(dates, files[0].address)
        problem = "" if step else str(error).removeprefix(f"{files[0].address}: ")
        return TimeSummary(axis, calendar, first, last, len(dates), step, problem, absent)
    return TimeSummary(axis, calendar, times.labels[0], times.labels[-1], len(times), _step(times, dates), "")


def _with_absent_frames(dates: xr.DataArray, where: str) -> tuple[str, int]:
    """The step of an even axis on which these dates stand, and how many it has between them; empty where there is none.

    Tried are the usual distance of two dates, and calendar months.
    """
    usual = float(np.median(seconds_between(dates)))
    for step in (_in_units(usual), "1 month"):
        try:
            found = len(even_dates(dates, RegularStep(step), where).frames) - len(dates)
        except DataError:
            continue
        if 0 < found <= len(dates):
            return step, found
    return "", 0


def _step(times: TimeAxis, dates: xr.DataArray) -> str:
    """The even step as `data.time.step` is written."""
    months = np.diff(times.parts[:, 0] * 12 + times.parts[:, 1])
    if not len(months):
        return ""
    if months[0] > 0 and (months == months[0]).all():
        return f"{months[0]} month" + ("s" if months[0] > 1 else "")
    change = dates.values[1] - dates.values[0]
    one = np.timedelta64(1, "s") if isinstance(change, np.timedelta64) else timedelta(seconds=1)
    return _in_units(change / one)


def _in_units(seconds: float) -> str:
    seconds = round(float(seconds), 3)
    for unit, length in (("D", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds:g}s"

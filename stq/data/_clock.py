"""Dates that went through a fraction of a day in floating point, back where they were meant."""

from datetime import timedelta

import numpy as np
import xarray as xr
from jaxtyping import Float64

from stq.data._seconds import seconds_between

_JITTER = 1e-3  # of a step: by so much evenly spaced dates may miss their place
_UNITS = (86400.0, 3600.0, 60.0, 1.0)
_LONE = 0.5  # seconds by which a single date may be off


def on_the_clock(dates: xr.DataArray) -> xr.DataArray:
    """Dates with fractions of a second on whole days, hours, minutes or seconds, the largest that all of them are near.

    A twenty-fourth of a day is no number of binary fractions, and 04:59:59.99 would be another hour, and may be another
    month, than the file means. Dates in whole seconds, and steps too short for this, stay as they are.
    """
    seconds = _seconds_of_day(dates)
    if not len(seconds) or (seconds == np.rint(seconds)).all():
        return dates
    usual = float(np.median(seconds_between(dates))) if len(dates) > 1 else _LONE / _JITTER
    for unit in _UNITS:
        off = np.rint(seconds / unit) * unit - seconds
        if np.abs(off).max() <= _JITTER * usual:
            return dates.copy(data=_moved(dates.values, off))
    return dates


def _seconds_of_day(dates: xr.DataArray) -> Float64[np.ndarray, " N"]:
    if np.issubdtype(dates.dtype, np.datetime64):
        return np.asarray((dates.values - dates.values.astype("datetime64[D]")) / np.timedelta64(1, "s"))
    return np.array([d.hour * 3600 + d.minute * 60 + d.second + d.microsecond * 1e-6 for d in dates.values])


def _moved(dates: np.ndarray, seconds: Float64[np.ndarray, " N"]) -> np.ndarray:
    if np.issubdtype(dates.dtype, np.datetime64):
        moved: np.ndarray = dates + np.rint(seconds * 1e9).astype("timedelta64[ns]").astype((dates - dates).dtype)
        return moved
    return np.array([date + timedelta(microseconds=round(off * 1e6)) for date, off in zip(dates, seconds, strict=True)])

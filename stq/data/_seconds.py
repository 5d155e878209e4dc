"""Time between dates, whichever type they are of: numpy's of the standard calendar, or cftime's of any."""

import numpy as np
import xarray as xr
from jaxtyping import Float64


def seconds_between(dates: xr.DataArray) -> Float64[np.ndarray, " n"]:
    """From each date to the next."""
    return _in_seconds(np.diff(dates.values))


def seconds_from_first(dates: xr.DataArray) -> Float64[np.ndarray, " N"]:
    """From the first date to each."""
    return _in_seconds(dates.values - dates.values[0])


def _in_seconds(spans: np.ndarray) -> Float64[np.ndarray, " n"]:
    if np.issubdtype(spans.dtype, np.timedelta64):
        return np.asarray(spans / np.timedelta64(1, "s"))
    return np.array([span.total_seconds() for span in spans], dtype=np.float64)

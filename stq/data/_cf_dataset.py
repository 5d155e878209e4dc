"""How stq has xarray open NetCDF and Zarr: by CF conventions, and lazily."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import xarray as xr

DATES = xr.coders.CFDatetimeCoder(
    time_unit="us"
)  # nanoseconds end in 2262, and later files would decode to another type


def open_cf(store: Any, engine: str) -> xr.Dataset:
    """The dataset, nothing of its fields read, without dask.

    Dates that can't be decoded (`months since ...`, a misspelt unit) stay numbers with their units: whoever needs dates
    says so, and `data.time` may give others. Raises whatever xarray does.
    """

    def opened(times: Any) -> xr.Dataset:
        return xr.open_dataset(
            store, engine=engine, chunks=None, cache=False, decode_times=times, decode_timedelta=False
        )

    with _quietly():
        try:
            return opened(DATES)
        except ValueError:
            with opened(False) as numbers:
                broken = _undecodable(numbers)
                times = {name: False if name in broken else DATES for name in numbers.variables}
            if not broken:
                raise
            return opened(times)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without xarray's warnings of what it decodes rightly: both `_FillValue` and `missing_value`, and dates in
    fractions of a day, which it takes to nanoseconds (see `on_the_clock` for what becomes of them).
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*has multiple fill values", xr.SerializationWarning)
        warnings.filterwarnings("ignore", "Can't decode floating point datetimes", xr.SerializationWarning)
        yield


def _undecodable(dataset: xr.Dataset) -> set[str]:
    """Variables with the units of dates that can't be decoded, and the bounds that go with them."""
    broken = set()
    for name, variable in dataset.variables.items():
        if " since " in str(variable.attrs.get("units", "")):
            try:
                xr.conventions.decode_cf_variable(str(name), variable, decode_times=DATES)
            except (ValueError, OverflowError):
                broken |= {str(name), str(variable.attrs.get("bounds", name))}
    return broken

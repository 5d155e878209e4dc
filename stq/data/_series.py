"""The series: every moving variable of the source, in memory, on one grid and one time axis."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._coarsen import coarsen_grid
from stq.data._grid import Grid
from stq.data._part import Part, read_part
from stq.data._request import DataRequest
from stq.data._sources import list_sources
from stq.data._time_axis import TimeAxis, read_times
from stq.errors import DataError


@dataclass(frozen=True, eq=False)
class Series:
    """Fields of N steps and V variables, in units; a missing value is NaN."""

    values: Float32[np.ndarray, "N V Y X"]
    times: TimeAxis
    names: tuple[str, ...]
    units: tuple[str, ...]
    grid: Grid
    full_grid: Grid
    """The grid of the files, before coarsening."""
    notes: tuple[str, ...] = ()
    """What a person should know: rows and columns that coarsening leaves out."""


def read_series(request: DataRequest) -> Series:
    """Read the moving variables of all files, joined in time.

    Raises:
        DataError: whatever makes a file unusable, or unlike the first one, naming file and variable.
    """
    parts = sorted(
        (read_part(path, request) for path in list_sources(request.source, request.reading, request.readers)),
        key=_start,
    )
    first = parts[0]
    for part in parts[1:]:
        _check_alike(first, part)
    where = ", ".join(str(part.path) for part in (parts if len(parts) <= 3 else (parts[0], parts[-1])))
    dates = first.dates if len(parts) == 1 else xr.concat([part.dates for part in parts], dim="time")
    return Series(
        values=first.values if len(parts) == 1 else np.concatenate([part.values for part in parts]),
        times=read_times(dates, where),
        names=request.moving,
        units=first.units,
        grid=coarsen_grid(first.grid, request.coarsen) if request.coarsen else first.grid,
        full_grid=first.grid,
        notes=first.notes,
    )


def _start(part: Part) -> tuple[int, ...]:
    first = part.dates[:1].dt
    return tuple(int(getattr(first, name)[0]) for name in ("year", "month", "day", "hour", "minute", "second"))


def _check_alike(first: Part, other: Part) -> None:
    difference = first.grid.difference(other.grid)
    if difference is not None:
        raise DataError(f"{other.path}: stands on another grid than {first.path}: {difference}")
    if first.units != other.units:
        raise DataError(f"{other.path}: the units are {other.units}, those of {first.path} {first.units}")
    if first.dates.dt.calendar != other.dates.dt.calendar:
        raise DataError(
            f"{other.path}: the calendar is {other.dates.dt.calendar}, that of {first.path} {first.dates.dt.calendar}"
        )

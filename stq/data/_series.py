"""The series: every moving variable of the source, in memory, on one grid and one time axis."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._axes import find_axes, is_dated
from stq.data._coarsen import check_block, coarsen_field, coarsen_grid
from stq.data._files import list_files, open_netcdf
from stq.data._grid import Grid, read_grid
from stq.data._request import DataRequest
from stq.data._time_axis import TimeAxis, read_times
from stq.data._variable import read_values, select_variable
from stq.errors import DataError


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class _Part:
    """What one file contributes."""

    path: Path
    dates: xr.DataArray
    values: Float32[np.ndarray, "N V Y X"]
    units: tuple[str, ...]
    grid: Grid
    notes: tuple[str, ...] = field(default=())


def read_series(request: DataRequest) -> Series:
    """Read the moving variables of all files, joined in time.

    Raises:
        DataError: whatever makes a file unusable, or unlike the first one, naming file and variable.
    """
    parts = sorted((_read_part(path, request) for path in list_files(request.source)), key=lambda part: _start(part))
    first = parts[0]
    for part in parts[1:]:
        _check_alike(first, part)
    where = ", ".join(str(part.path) for part in (parts if len(parts) <= 3 else (parts[0], parts[-1])))
    dates = first.dates if len(parts) == 1 else xr.concat([part.dates for part in parts], dim="time")
    times = read_times(dates, where)
    grid = coarsen_grid(first.grid, request.coarsen) if request.coarsen else first.grid
    values = first.values if len(parts) == 1 else np.concatenate([part.values for part in parts])
    return Series(values, times, request.moving, first.units, grid, first.grid, first.notes)


def _read_part(path: Path, request: DataRequest) -> _Part:
    with open_netcdf(path) as dataset:
        dates: xr.DataArray | None = None
        grid: Grid | None = None
        fields, units = [], []
        for name in request.moving:
            variable = select_variable(
                dataset, name, path, "data.targets" if name in request.targets else "data.inputs"
            )
            axes = find_axes(variable, request.dims, path)
            found = _dates_of(variable, axes.time, path)
            here = read_grid(variable, axes, f"{path}: variable '{name}'")
            if dates is None or grid is None:
                dates, grid, notes = found, here, check_block(here.size, request.coarsen) if request.coarsen else ()
            elif (difference := grid.difference(here)) is not None:
                raise DataError(
                    f"{path}: variable '{name}' stands on another grid than '{request.moving[0]}': {difference}"
                )
            elif not np.array_equal(dates.values, found.values):
                raise DataError(f"{path}: variable '{name}' has other dates than '{request.moving[0]}'")
            values = read_values(variable, axes, path)
            fields.append(coarsen_field(values, request.coarsen) if request.coarsen else values)
            units.append(str(variable.attrs.get("units", "")))
        if dates is None or grid is None:
            raise DataError("data.targets names no variable")
        return _Part(path, dates, np.stack(fields, axis=1), tuple(units), grid, notes)


def _dates_of(variable: xr.DataArray, name: str | None, path: Path) -> xr.DataArray:
    if name is None:
        raise DataError(
            f"{path}: variable '{variable.name}' has no time axis (its dimensions are "
            f"{', '.join(map(str, variable.dims)) or 'none'}); name it under data.dims (time: ...), "
            f"or give the variable under data.static"
        )
    if variable.sizes[name] == 0:
        raise DataError(f"{path}: the time axis '{name}' is empty")
    if name not in variable.coords or not is_dated(variable[name]):
        raise DataError(
            f"{path}: the time axis '{name}' of variable '{variable.name}' holds no dates; "
            f"it needs a coordinate with CF units such as 'days since 1995-01-01'"
        )
    return xr.DataArray(variable[name].values, dims="time", name=name)


def _start(part: _Part) -> tuple[int, ...]:
    first = part.dates[:1].dt
    return tuple(int(getattr(first, name)[0]) for name in ("year", "month", "day", "hour", "minute", "second"))


def _check_alike(first: _Part, other: _Part) -> None:
    difference = first.grid.difference(other.grid)
    if difference is not None:
        raise DataError(f"{other.path}: stands on another grid than {first.path}: {difference}")
    if first.units != other.units:
        raise DataError(f"{other.path}: the units are {other.units}, those of {first.path} {first.units}")
    if first.dates.dt.calendar != other.dates.dt.calendar:
        raise DataError(
            f"{other.path}: the calendar is {other.dates.dt.calendar}, that of {first.path} {first.dates.dt.calendar}"
        )

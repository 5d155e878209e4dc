"""What one file contributes to the series."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stq.data._axes import Axes, find_axes, is_dated
from stq.data._coarsen import check_block
from stq.data._grid import Grid, read_grid
from stq.data._open_source import open_source
from stq.data._request import DataRequest
from stq.data._source_file import SourceFile
from stq.data._variable import select_variable
from stq.errors import DataError


@dataclass(frozen=True)
class Part:
    """The moving variables of one file: where they lie and on which dates; no field is read. `grid` is the file's."""

    path: SourceFile
    dates: xr.DataArray
    axes: Mapping[str, Axes]
    units: tuple[str, ...]
    grid: Grid
    notes: tuple[str, ...]
    chunk: int
    """Steps that the file keeps together."""


def read_part(path: SourceFile, request: DataRequest) -> Part:
    """Look at one file.

    Raises:
        DataError: whatever makes the file unusable, naming file and variable.
    """
    axes, units, dates, grids, chunk = {}, [], [], [], 1
    with open_source(path) as dataset:
        for name in request.moving:
            key = "data.targets" if name in request.targets else "data.inputs"
            variable = select_variable(dataset, name, path, key)
            axes[name] = find_axes(variable, request.dims, path)
            dates.append(_dates(variable, axes[name].time, path))
            grids.append(read_grid(variable, axes[name], f"{path}: variable '{name}'"))
            difference = grids[0].difference(grids[-1])
            if difference is not None:
                raise DataError(
                    f"{path}: variable '{name}' stands on another grid than '{request.moving[0]}': {difference}"
                )
            if not np.array_equal(dates[0].values, dates[-1].values):
                raise DataError(f"{path}: variable '{name}' has other dates than '{request.moving[0]}'")
            units.append(str(variable.attrs.get("units", "")))
            chunk = max(chunk, _steps_together(variable, axes[name].time))
    notes = check_block(grids[0].size, request.coarsen) if request.coarsen else ()
    return Part(path, dates[0], axes, tuple(units), grids[0], notes, chunk)


def _steps_together(variable: xr.DataArray, time: str | None) -> int:
    chunks = variable.encoding.get("preferred_chunks", {})
    return int(chunks.get(time, 1))


def _dates(variable: xr.DataArray, name: str | None, path: SourceFile) -> xr.DataArray:
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
    dates = xr.DataArray(variable[name].values, dims="time", name=name)
    if bool(dates.isnull().any()):
        raise DataError(f"{path}: the time axis '{name}' has missing dates")
    return dates

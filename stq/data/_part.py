"""What one file contributes to the series."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from stq.data._axes import Axes, find_axes, is_dated
from stq.data._coarsen import check_block
from stq.data._grid import Grid, position_name, read_grid
from stq.data._naming import Naming, read_naming
from stq.data._open_source import open_source
from stq.data._request import DataRequest
from stq.data._source_file import SourceFile
from stq.data._variable import select_variable
from stq.errors import DataError
from stq.expressions import names_in


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
    naming: Naming
    operands: Mapping[str, str]
    """Units of the variables that derived ones and the mask are computed from."""


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
        naming, operands = _naming(dataset, request, axes), _operands(dataset, request)
    notes = check_block(grids[0].size, request.coarsen) if request.coarsen else ()
    return Part(path, dates[0], axes, tuple(units), grids[0], notes, chunk, naming, operands)


def _naming(dataset: xr.Dataset, request: DataRequest, axes: Mapping[str, Axes]) -> Naming:
    name = request.moving[0]
    positions = (position_name(dataset[name], axes[name], each) for each in ("latitude", "longitude"))
    stated = {each: str(dataset[each].attrs.get("standard_name", "")) for each in request.moving}
    found = read_naming(dataset, dataset[name], axes[name], *positions)
    return replace(found, standard_names={each: text for each, text in stated.items() if text})


def _operands(dataset: xr.Dataset, request: DataRequest) -> dict[str, str]:
    expressions = [item.expression for item in request.derived]
    expressions += [] if request.mask is None else [request.mask.where]
    computed = {item.name for item in request.derived}
    names = {item.name for expression in expressions for item in names_in(expression)} - computed
    return {name: str(dataset[name].attrs.get("units", "")) for name in sorted(names)}


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
            f"{path}: the time axis '{name}' of variable '{variable.name}' holds no dates{_instead(variable, name)}; "
            f"it needs a coordinate with CF units such as 'days since 1995-01-01', "
            f"or data.time with a start and a step"
        )
    dates = xr.DataArray(variable[name].values, dims="time", name=name)
    if bool(dates.isnull().any()):
        raise DataError(f"{path}: the time axis '{name}' has missing dates")
    return dates


def _instead(variable: xr.DataArray, name: str) -> str:
    """What an axis of time holds that are no dates."""
    attributes = variable[name].attrs if name in variable.coords else {}
    if "units" not in attributes:
        return ""
    calendar = f" in the calendar {attributes['calendar']}" if "calendar" in attributes else ""
    return f" (its units '{attributes['units']}'{calendar} can't be decoded)"

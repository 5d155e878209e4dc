"""What one file contributes to the series."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float32

from stq.data._axes import find_axes, is_dated
from stq.data._coarsen import check_block, coarsen_field
from stq.data._grid import Grid, read_grid
from stq.data._open_source import open_source
from stq.data._request import DataRequest
from stq.data._source_file import SourceFile
from stq.data._variable import read_values, select_variable
from stq.errors import DataError


@dataclass(frozen=True)
class Part:
    """The moving variables of one file, coarsened, with their dates; `grid` is the one before coarsening."""

    path: SourceFile
    dates: xr.DataArray
    values: Float32[np.ndarray, "N V Y X"]
    units: tuple[str, ...]
    grid: Grid
    notes: tuple[str, ...]


def read_part(path: SourceFile, request: DataRequest) -> Part:
    """Read one file.

    Raises:
        DataError: whatever makes the file unusable, naming file and variable.
    """
    fields, units, dates, grids = [], [], [], []
    notes: tuple[str, ...] = ()
    with open_source(path) as dataset:
        for name in request.moving:
            key = "data.targets" if name in request.targets else "data.inputs"
            variable = select_variable(dataset, name, path, key)
            axes = find_axes(variable, request.dims, path)
            dates.append(_dates(variable, axes.time, path))
            grids.append(read_grid(variable, axes, f"{path}: variable '{name}'"))
            difference = grids[0].difference(grids[-1])
            if difference is not None:
                raise DataError(
                    f"{path}: variable '{name}' stands on another grid than '{request.moving[0]}': {difference}"
                )
            if not np.array_equal(dates[0].values, dates[-1].values):
                raise DataError(f"{path}: variable '{name}' has other dates than '{request.moving[0]}'")
            values = read_values(variable, axes, path)
            if request.coarsen:
                notes = check_block(grids[0].size, request.coarsen)
                values = coarsen_field(values, request.coarsen)
            fields.append(values)
            units.append(str(variable.attrs.get("units", "")))
    return Part(path, dates[0], np.stack(fields, axis=1), tuple(units), grids[0], notes)


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

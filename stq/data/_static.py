"""Maps that are constant in time, on the grid of the series."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from stq.data._axes import find_axes
from stq.data._coarsen import coarsen_field
from stq.data._grid import read_grid
from stq.data._open_source import open_source
from stq.data._request import DataRequest, StaticMap
from stq.data._series import Series, read_series
from stq.data._sources import list_sources, static_source
from stq.data._variable import read_values, select_variable
from stq.errors import DataError


def read_static(
    request: DataRequest, series: Series, train: range
) -> tuple[Float32[np.ndarray, "S Y X"], tuple[str, ...]]:
    """The static maps in units, coarsened like the series, and what a person should know of them.

    A variable of the source that changes in time gives its mean over the training part.

    Raises:
        DataError: no such map, a map on another grid, or a file of its own in which it changes in time.
    """
    maps, notes = [], []
    for item in request.static:
        constant = _read_constant(item, request, series)
        if constant is None:
            moving = series
            if item.variable not in series.names:
                moving = read_series(replace(request, targets=(item.variable,), inputs=()))
            values = moving.values[train.start : train.stop, moving.names.index(item.variable)]
            constant = _mean_in_time(values)
            notes.append(f"static map {item.variable} changes in time: its mean over the training part is used")
        maps.append(constant)
    return np.stack(maps) if maps else np.zeros((0, *series.grid.size), dtype=np.float32), tuple(notes)


def _read_constant(item: StaticMap, request: DataRequest, series: Series) -> Float32[np.ndarray, "Y X"] | None:
    """The map, coarsened; None for a variable of the source that changes in time."""
    if item.file:
        files = [static_source(item.file, request.reading, request.readers)]
    else:
        files = [*list_sources(request.source, request.reading, request.readers)]
    path = files[0]
    with open_source(path) as dataset:
        variable = select_variable(dataset, item.variable, path, "data.static")
        axes = find_axes(variable, request.dims, path)
        steps = variable.sizes[axes.time] if axes.time else 1
        if (steps != 1 or (axes.time and len(files) > 1)) and not item.file:
            return None
        if steps != 1:
            raise DataError(f"{path}: static map '{item.variable}' has {steps} steps in time; a map is constant")
        where = f"{path}: static map '{item.variable}'"
        difference = series.full_grid.difference(read_grid(variable, axes, where))
        if difference is not None:
            raise DataError(f"{where} stands on another grid than the series: {difference}")
        field = read_values(variable, axes, path)[0]
    return coarsen_field(field, request.coarsen) if request.coarsen else field


def _mean_in_time(values: Float32[np.ndarray, "N Y X"]) -> Float32[np.ndarray, "Y X"]:
    valid = np.isfinite(values)
    total = np.where(valid, values, 0).sum(axis=0, dtype=np.float64)
    count = valid.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)

"""Maps that are constant in time, on the grid of the series."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from stq.data._axes import find_axes
from stq.data._climatology import CellMeans
from stq.data._coarsen import coarsen_field
from stq.data._field_store import FieldStore, in_blocks
from stq.data._grid import read_grid
from stq.data._open_source import open_source
from stq.data._packed_store import is_store
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
        constant = series.maps.get(item.variable)
        if constant is None and (item.file or not is_store(request.source)):
            constant = read_constant(item, request, series)
        if constant is None:
            moving = series
            if item.variable not in series.names:
                alone = replace(request, targets=(item.variable,), inputs=(), transform={}, future=(), rare=None)
                moving = read_series(alone)
            constant = _mean_in_time(moving.fields, moving.names.index(item.variable), train)
            notes.append(f"static map {item.variable} changes in time: its mean over the training part is used")
        maps.append(constant)
    return np.stack(maps) if maps else np.zeros((0, *series.grid.size), dtype=np.float32), tuple(notes)


def read_constant(item: StaticMap, request: DataRequest, series: Series) -> Float32[np.ndarray, "Y X"] | None:
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


def _mean_in_time(fields: FieldStore, variable: int, train: range) -> Float32[np.ndarray, "Y X"]:
    steps, means = np.arange(train.start, train.stop), CellMeans(1, fields.shape[2:])
    for block in in_blocks(fields, steps, 1):
        values = fields.read(steps[block], fields.whole, slice(variable, variable + 1))[:, 0]
        valid = np.isfinite(values)
        means.add(np.where(valid, values, 0).astype(np.float64), valid, np.zeros(len(values), dtype=np.int64))
    maps, known = means.maps()
    return np.where(known, maps[0], np.nan).astype(np.float32)

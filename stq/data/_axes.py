"""Which dimension of a variable is time, which the rows and which the columns."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import cf_xarray  # noqa: F401  (registers the `cf` accessor, which finds axes by their CF attributes)
import numpy as np
import xarray as xr

from stq.data._source_file import Origin
from stq.errors import DataError

_CF_NAMES = {"time": ("T", "time"), "y": ("Y", "latitude"), "x": ("X", "longitude")}
_COMMON_NAMES = {
    "time": ("time", "t", "times", "date", "valid_time", "month", "year", "axis_0"),
    "y": ("y", "lat", "latitude", "nlat", "row", "rows", "j", "rlat", "northing", "nav_lat", "south_north", "axis_1"),
    "x": (
        "x",
        "lon",
        "longitude",
        "nlon",
        "col",
        "column",
        "columns",
        "i",
        "rlon",
        "easting",
        "nav_lon",
        "west_east",
        "axis_2",
    ),
}
_MEANING = {"time": "time", "y": "rows", "x": "columns"}


@dataclass(frozen=True)
class Axes:
    """The names that a file gives to the dimensions time, y and x; `time` is None for a map."""

    time: str | None
    y: str
    x: str


def find_axes(field: xr.DataArray, dims: Mapping[str, str], path: Origin) -> Axes:
    """The axes of one variable: as `dims` says, else by CF attributes, by dates, and by common names.

    Raises:
        DataError: an axis can't be told, or a dimension longer than 1 is left over.
    """
    marked = _marked(field)
    time = _find("time", field, dims, path, marked)
    y = _find("y", field, dims, path, marked)
    x = _find("x", field, dims, path, marked)
    if y is None or x is None or y == x:
        raise DataError(
            f"{path}: variable '{field.name}' has the dimensions {_shape(field)}, "
            f"and stq can't tell which of them are rows and columns; name them under data.dims (y: ..., x: ...)"
        )
    extra = [str(name) for name in field.dims if name not in (time, y, x) and field.sizes[name] > 1]
    if extra:
        raise DataError(
            f"{path}: variable '{field.name}' has the dimensions {_shape(field)}; beyond time, rows and columns "
            f"there is {', '.join(extra)}, from which one entry must be selected first"
        )
    return Axes(time, y, x)


def find_time(field: xr.DataArray, dims: Mapping[str, str], path: Origin) -> str | None:
    """The time axis alone; None for a map. Raises DataError where several could be it."""
    return _find("time", field, dims, path, _marked(field))


def _marked(field: xr.DataArray) -> Mapping[str, Sequence[Hashable]]:
    """The coordinates that CF attributes mark, by their CF names. It takes its time: once a field is enough."""
    return {**field.cf.axes, **field.cf.coordinates}


def _find(
    role: str, field: xr.DataArray, dims: Mapping[str, str], path: Origin, marked: Mapping[str, Sequence[Hashable]]
) -> str | None:
    names = [str(name) for name in field.dims]
    if role in dims:
        if dims[role] not in names:
            if role == "time" and len(names) <= 2:
                return None
            raise DataError(
                f"{path}: data.dims calls the {_MEANING[role]} '{dims[role]}', "
                f"but variable '{field.name}' has the dimensions {_shape(field)}"
            )
        return dims[role]
    free = [name for name in names if name not in dims.values()]
    for candidates in (_by_attributes(role, field, marked), _by_dates(role, field), _COMMON_NAMES[role]):
        found = _in_order(free, candidates)
        if len(found) > 1:
            raise DataError(
                f"{path}: variable '{field.name}' has several dimensions that could be its {_MEANING[role]}: "
                f"{', '.join(found)}; name one under data.dims ({role}: ...)"
            )
        if found:
            return found[0]
    return None


def _in_order(names: list[str], candidates: Iterable[str]) -> list[str]:
    wanted = set(candidates)
    return [name for name in names if name in wanted or name.lower() in wanted]


def _by_attributes(role: str, field: xr.DataArray, marked: Mapping[str, Sequence[Hashable]]) -> set[str]:
    names = {str(name) for key in _CF_NAMES[role] for name in marked.get(key, ())}
    return {name for name in names if field[name].dims == (name,)}


def _by_dates(role: str, field: xr.DataArray) -> set[str]:
    return {str(name) for name in field.dims if role == "time" and name in field.coords and is_dated(field[name])}


def is_dated(coordinate: xr.DataArray) -> bool:
    """Whether a coordinate holds dates: of the standard calendar, or of another (cftime)."""
    if np.issubdtype(coordinate.dtype, np.datetime64):
        return True
    return coordinate.dtype == object and coordinate.size > 0 and hasattr(coordinate.values.flat[0], "calendar")


def _shape(field: xr.DataArray) -> str:
    return "(" + ", ".join(f"{name}: {size}" for name, size in field.sizes.items()) + ")"

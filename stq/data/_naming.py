"""What a source calls its rows, columns and positions: a forecast from it goes by the same names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from jaxtyping import Float64

from stq.data._axes import Axes
from stq.data._forecast_layout import Coordinate
from stq.data._grid import Grid

Attributes = Mapping[str, str | float | tuple[float, ...]]
_LEFT_OUT = ("bounds", "climatology", "coordinates", "valid_min", "valid_max", "valid_range", "actual_range")
_PLACE = "GeoTransform"  # where the source's cells lie: coarser ones lie elsewhere, and the coordinates say where


@dataclass(frozen=True)
class Naming:
    """Names and attributes, with nothing of the numbers: those are the grid's."""

    dims: tuple[str, str] = ("y", "x")
    latitude: str | None = None
    longitude: str | None = None
    mapping: str | None = None
    """The grid mapping, or reference system: a variable that is all attributes."""
    attributes: Mapping[str, Attributes] = field(default_factory=dict)
    """Of each of these, by name."""
    document: Mapping[str, str] = field(default_factory=dict)
    """Title and institution of the file, where it states them."""
    standard_names: Mapping[str, str] = field(default_factory=dict)
    """Of its moving variables, where it states them."""

    def coordinates(self, grid: Grid) -> dict[str, Coordinate]:
        """The coordinates of `grid` under these names; latitude and longitude on the axes that they change along."""
        found = {}
        for dim, values in zip(self.dims, (grid.y, grid.x), strict=True):
            if values is not None:
                found[dim] = Coordinate((dim,), values, self.attributes.get(dim, {}))
        for name, positions in ((self.latitude, grid.lat), (self.longitude, grid.lon)):
            if name is not None and positions is not None and name not in found:
                dims, values = along(self.dims, positions)
                found[name] = Coordinate(dims, np.ascontiguousarray(values), self.attributes.get(name, {}))
        if self.mapping is not None:
            found[self.mapping] = Coordinate((), np.array(0, dtype=np.int32), self.attributes.get(self.mapping, {}))
        return found


def along(
    dims: tuple[str, str], positions: Float64[np.ndarray, "Y X"]
) -> tuple[tuple[str, ...], Float64[np.ndarray, "..."]]:
    """Positions without the axis along which they don't change."""
    if (positions == positions[:, :1]).all():
        return dims[:1], positions[:, 0]
    if (positions == positions[:1]).all():
        return dims[1:], positions[0]
    return dims, positions


def read_naming(
    dataset: xr.Dataset, variable: xr.DataArray, axes: Axes, latitude: str | None, longitude: str | None
) -> Naming:
    """The names that a file uses for one of its variables; `latitude` and `longitude` as the grid was read."""
    mapping = variable.encoding.get("grid_mapping", variable.attrs.get("grid_mapping"))
    if mapping is None and "spatial_ref" in dataset.variables:
        mapping = "spatial_ref"
    if mapping not in dataset.variables or dataset[mapping].ndim:
        mapping = None
    described = [name for name in (axes.y, axes.x, latitude, longitude, mapping) if name in dataset.variables]
    attributes = {str(name): _plain(dataset[name].attrs) for name in described}
    for name, meaning in ((latitude, "latitude"), (longitude, "longitude")):
        if name in attributes:  # found by its name or its units: say what it is
            attributes[name] = {**attributes[name], "standard_name": meaning, **_units_of(attributes[name], meaning)}
    return Naming(
        dims=(axes.y, axes.x),
        latitude=latitude,
        longitude=longitude,
        mapping=mapping,
        attributes=attributes,
        document={key: str(dataset.attrs[key]) for key in ("title", "institution") if dataset.attrs.get(key)},
    )


def _units_of(attributes: Attributes, meaning: str) -> Attributes:
    unit = {"latitude": "degrees_north", "longitude": "degrees_east"}[meaning]
    return {"units": attributes.get("units", unit)}


def _plain(attributes: Mapping[str, object]) -> Attributes:
    """Texts and numbers, without those that speak of other variables of the file or of how numbers are stored."""
    found: dict[str, str | float | tuple[float, ...]] = {}
    for name, value in attributes.items():
        if name in (*_LEFT_OUT, _PLACE) or name.startswith("_"):
            continue
        if isinstance(value, str):
            found[str(name)] = value
        elif isinstance(value, int | float | np.number):
            found[str(name)] = float(value) if isinstance(value, float | np.floating) else int(value)
        elif isinstance(value, np.ndarray | list | tuple) and np.issubdtype(np.asarray(value).dtype, np.number):
            found[str(name)] = tuple(np.asarray(value, dtype=np.float64).ravel().tolist())  # two standard parallels
    return found

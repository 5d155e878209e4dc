"""Where the cells of a field lie: the coordinates of rows and columns, and latitude and longitude where known."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float64

from stq.data._axes import Axes
from stq.errors import DataError

LATITUDE_NAMES = ("lat", "latitude", "nav_lat", "xlat")
LONGITUDE_NAMES = ("lon", "longitude", "nav_lon", "xlong", "xlon")
_TOLERANCE = 1e-3  # of a cell: files of one grid written in single and in double precision agree to about 1e-5


@dataclass(frozen=True)
class Grid:
    """The rows and columns of one grid; what the file does not say is None.

    `y` and `x` are the coordinates along the axes, `lat` and `lon` the position in degrees of each cell's centre.
    """

    size: tuple[int, int]
    y: Float64[np.ndarray, " Y"] | None = None
    x: Float64[np.ndarray, " X"] | None = None
    lat: Float64[np.ndarray, "Y X"] | None = None
    lon: Float64[np.ndarray, "Y X"] | None = None

    @property
    def geographic(self) -> bool:
        """Whether latitude and longitude of every cell are known."""
        return self.lat is not None and self.lon is not None

    def difference(self, other: "Grid") -> str | None:
        """How another grid differs from this one, in words; None where they agree in everything that both state."""
        if self.size != other.size:
            return (
                f"its size is {other.size[0]} x {other.size[1]} (rows x columns), not {self.size[0]} x {self.size[1]}"
            )
        for name in ("y", "x", "lat", "lon"):
            here, there = getattr(self, name), getattr(other, name)
            if here is not None and there is not None and not _agree(here, there):
                meaning = {"y": "row coordinates", "x": "column coordinates", "lat": "latitudes", "lon": "longitudes"}
                return f"its {meaning[name]} run {_span(there)}, not {_span(here)}"
        return None


def position_name(field: xr.DataArray, axes: Axes, standard_name: str) -> str | None:
    """What the file calls the `latitude` or `longitude` of the cells; None where it has none."""
    names = {"latitude": LATITUDE_NAMES, "longitude": LONGITUDE_NAMES}[standard_name]
    described = [str(name) for name in field.cf.coordinates.get(standard_name, ())]
    by_name = [str(name) for name in field.coords if str(name).lower() in names]
    for name in (*described, *by_name):
        coordinate = field.coords[name]
        if coordinate.dims and set(coordinate.dims) <= {axes.y, axes.x} and _is_number(coordinate):
            return name
    return None


def read_grid(field: xr.DataArray, axes: Axes, where: str) -> Grid:
    """The grid that a variable stands on.

    Raises:
        DataError: a latitude beyond 90 degrees.
    """
    y, x = _numbers(field, axes.y), _numbers(field, axes.x)
    lat = _position(field, axes, "latitude")
    lon = _position(field, axes, "longitude")
    if lat is not None and not (np.abs(lat) <= 90 + 1e-6).all():
        raise DataError(f"{where}: latitude must lie within -90 and 90 degrees, but runs {_span(lat)}")
    if lon is not None and not np.isfinite(lon).all():
        raise DataError(f"{where}: the longitude of some cells is missing")
    return Grid((field.sizes[axes.y], field.sizes[axes.x]), y, x, lat, lon)


def _position(field: xr.DataArray, axes: Axes, standard_name: str) -> Float64[np.ndarray, "Y X"] | None:
    name = position_name(field, axes, standard_name)
    if name is None:
        return None
    template = field.isel({dim: 0 for dim in field.dims if dim not in (axes.y, axes.x)}, drop=True)
    whole = field.coords[name].broadcast_like(template).transpose(axes.y, axes.x)
    return np.ascontiguousarray(whole.values, dtype=np.float64)


def _numbers(field: xr.DataArray, name: str) -> Float64[np.ndarray, " N"] | None:
    if name not in field.coords or not _is_number(field[name]):
        return None
    return field[name].values.astype(np.float64)


def _is_number(coordinate: xr.DataArray) -> bool:
    return np.issubdtype(coordinate.dtype, np.number)


def _agree(here: np.ndarray, there: np.ndarray) -> bool:
    cell = float(np.median(np.abs(np.diff(here, axis=-1)))) if here.shape[-1] > 1 else 1.0
    if here.ndim == 2 and here.shape[0] > 1:
        cell = max(cell, float(np.median(np.abs(np.diff(here, axis=0)))))
    return bool(np.allclose(here, there, rtol=0, atol=_TOLERANCE * (cell or 1.0)))


def _span(values: np.ndarray) -> str:
    return f"from {values.flat[0]:.6g} to {values.flat[-1]:.6g}"

"""Small synthetic NetCDF files, whole or broken in one named way."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from stq.data import DataRequest

NASA = Path(__file__).parents[2] / "examples" / "data" / "nasa-monthly-1995-2000.nc"
FRACTIONS = {"train": 0.6, "val": 0.15, "calibration": 0.1, "test": 0.15}


def monthly(steps: int, *, calendar: str = "standard", start: str = "1995-01-01") -> xr.CFTimeIndex:
    """The first day of each of some months."""
    return xr.date_range(start, periods=steps, freq="MS", calendar=calendar, use_cftime=calendar != "standard")


def seasonal(steps: int = 60, rows: int = 4, columns: int = 5, *, level: float = 280.0, seed: int = 0) -> np.ndarray:
    """A field with a yearly cycle, a gradient and noise: steps x rows x columns."""
    noise = np.random.default_rng(seed).normal(size=(steps, rows, columns))
    cycle = 5 * np.sin(2 * np.pi * np.arange(steps) / 12)[:, None, None]
    slope = np.arange(rows)[:, None] + 0.1 * np.arange(columns)
    return (level + cycle + slope + noise).astype(np.float32)


def write_grid(
    path: Path,
    fields: Mapping[str, np.ndarray],
    *,
    times: object = None,
    names: tuple[str, str, str] = ("time", "lat", "lon"),
    encoding: Mapping[str, Mapping[str, object]] | None = None,
    latitude: np.ndarray | None = None,
    longitude: np.ndarray | None = None,
    coordinates: bool = True,
) -> Path:
    """Fields of (time, row, column), or maps of (row, column), with dates and, unless told otherwise, positions."""
    time, y, x = names
    rows, columns = next(iter(fields.values())).shape[-2:]
    dataset = xr.Dataset(
        {name: ((time, y, x)[3 - field.ndim :], field, {"units": "K"}) for name, field in fields.items()}
    )
    steps = dataset.sizes.get(time)
    if steps is not None:
        dataset[time] = (time, monthly(steps) if times is None else times)
    if coordinates:
        lat = 50.0 - 2.5 * np.arange(rows) if latitude is None else latitude
        lon = 2.5 * np.arange(columns) if longitude is None else longitude
        dataset[y] = (y, lat, {"units": "degrees_north", "standard_name": "latitude"})
        dataset[x] = (x, lon, {"units": "degrees_east", "standard_name": "longitude"})
    dataset.to_netcdf(path, engine="netcdf4", encoding=dict(encoding or {}))
    return path


def request_for(*source: Path, **changes: object) -> DataRequest:
    """A small request on one target, `air`; any argument of `DataRequest` may be changed."""
    arguments: dict[str, object] = {
        "source": tuple(str(path) for path in source),
        "targets": ("air",),
        "history": 3,
        "horizons": (1, 2),
        "split": FRACTIONS,
    }
    return DataRequest(**{**arguments, **changes})

"""Forecasts as a GeoTIFF: one band for each variable, lead time and level, named in its description."""

import zlib
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from stq.data._forecast_layout import ForecastLayout
from stq.errors import UsageError

_TILE = 256
_EVEN = 1e-4  # of a cell: how far the steps between coordinates may differ where they count as even


class GeotiffForecasts:
    """A raster that is open for writing; missing values are NaN.

    The first row is the northernmost one, whatever the order in the source: other tools expect it so.

    A GeoTIFF has one time and an even grid: raises UsageError for several initial times, uneven coordinates, or where
    rasterio is not installed.
    """

    def __init__(self, path: Path, layout: ForecastLayout) -> None:
        try:
            import rasterio
            from rasterio.transform import Affine
            from rasterio.windows import Window
        except ImportError as error:
            raise UsageError("a GeoTIFF needs rasterio: pip install 'stq[geo]'") from error
        if len(layout.init_times) > 1:
            raise UsageError(
                f"a GeoTIFF holds the forecast from one initial time, and there are {len(layout.init_times)}: "
                f"give one --init, or write .nc or .zarr"
            )
        self._layout = layout
        self._window = Window.from_slices
        self._path, self._open = path, rasterio.open
        self._pieces: list[tuple[int, Any, int]] = []
        self._quiet = rasterio.Env
        y, x = (even_steps(layout, axis) for axis in (0, 1))
        self._flipped = y.step > 0 and layout.dims[0] in layout.coordinates
        north = y.start + y.step * (layout.size[0] - 1) if self._flipped else y.start
        height = -y.step if self._flipped else y.step
        levels: tuple[float | None, ...] = (None, *layout.levels)
        self._bands = list(product(range(len(layout.variables)), range(len(layout.horizons)), levels))
        rows, columns = layout.size
        self._file = rasterio.open(
            path, "w", driver="GTiff", height=rows, width=columns, count=len(self._bands), dtype="float32",
            nodata=np.nan, crs=reference_system(layout),
            transform=Affine(x.step, 0, x.start - x.step / 2, 0, height, north - height / 2),
            tiled=True, blockxsize=_TILE, blockysize=_TILE, compress="deflate", predictor=3, interleave="band",
            bigtiff="if_safer",
        )  # fmt: skip
        self._file.update_tags(**layout.attributes, forecast_reference_time=layout.init_times[0].isoformat())
        for number, (variable, lead, level) in enumerate(self._bands, start=1):
            name, unit = layout.variables[variable], layout.units[variable]
            kind = "central" if level is None else f"quantile {level:g}"
            date = layout.valid_times[0][lead].isoformat()
            self._file.set_band_description(number, f"{name} +{layout.horizons[lead]} {kind}")
            self._file.set_band_unit(number, unit)
            self._file.update_tags(number, variable=name, valid_time=date, steps_ahead=layout.horizons[lead], kind=kind)

    def __enter__(self) -> "GeotiffForecasts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._quiet():  # of GDAL's complaints on standard error
            self._file.close()
            if error is None:
                self._read_back()

    def _read_back(self) -> None:
        """Raises OSError where the file is not what was written: GDAL closes one without a word on a full disk."""
        try:
            with self._open(self._path) as file:
                intact = all(
                    zlib.crc32(file.read(band, window=window).tobytes()) == checksum
                    for band, window, checksum in self._pieces
                )
        except OSError:
            intact = False
        if not intact:
            raise OSError("what was written does not read back")

    def write(
        self,
        init: int,
        rows: slice,
        columns: slice,
        central: Float32[np.ndarray, "H C Y X"],
        quantiles: Float32[np.ndarray, "H Q C Y X"] | None,
    ) -> None:
        """See `ForecastFile.write`."""
        if self._flipped:
            rows = slice(self._layout.size[0] - rows.stop, self._layout.size[0] - rows.start)
            central = central[..., ::-1, :]
            quantiles = None if quantiles is None else quantiles[..., ::-1, :]
        window = self._window(rows, columns)
        places = {level: number for number, level in enumerate(self._layout.levels)}
        for band, (variable, lead, level) in enumerate(self._bands, start=1):
            if level is None:
                piece = np.ascontiguousarray(central[lead, variable])
            elif quantiles is not None:
                piece = np.ascontiguousarray(quantiles[lead, places[level], variable])
            else:
                continue
            self._file.write(piece, band, window=window)
            self._pieces.append((band, window, zlib.crc32(piece.tobytes())))


class Steps(NamedTuple):
    """The centre of the first cell along an axis, and the distance to the next."""

    start: float
    step: float


def even_steps(layout: ForecastLayout, axis: int) -> Steps:
    """The coordinates along rows (0) or columns (1); cells are numbered where the source has none.

    Raises UsageError where their steps differ, or a lone coordinate has none.
    """
    name = layout.dims[axis]
    coordinate = layout.coordinates.get(name)
    if coordinate is None:
        return Steps(0.5, 1.0)
    if layout.size[axis] < 2:
        raise UsageError(f"a GeoTIFF says how large cells are, and '{name}' has one cell, of unknown size: write .nc")
    steps = np.diff(coordinate.values.astype(np.float64))
    if np.abs(steps - steps.mean()).max() > _EVEN * abs(steps.mean()):
        raise UsageError(f"a GeoTIFF needs an even grid, and the steps of '{name}' differ: write .nc or .zarr")
    return Steps(float(coordinate.values[0]), float(steps.mean()))


def reference_system(layout: ForecastLayout) -> str | None:
    """The reference system that the source states, or that of latitude and longitude; None where neither is known."""
    for coordinate in layout.coordinates.values():
        stated = coordinate.attributes.get("crs_wkt") or coordinate.attributes.get("spatial_ref")
        if stated:
            return str(stated)
    names = [layout.coordinates.get(dim) for dim in layout.dims]
    standard = [None if c is None else c.attributes.get("standard_name") for c in names]
    return "EPSG:4326" if standard == ["latitude", "longitude"] else None

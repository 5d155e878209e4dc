"""GeoTIFF: maps, and the frames of a series."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from stq.data._reader import Reader, absent, closed_at_the_end
from stq.errors import DataError


@dataclass(frozen=True)
class GeotiffReader(Reader):
    """Each file is one step, or a map that is constant; its bands are its variables.

    A band is called by its description, else `band_1`, `band_2`, ... Where the coordinate system is geographic,
    rows and columns are latitude and longitude. A file of this name that is of another kind is refused: GDAL would go
    by its content, and a virtual raster may name other files, addresses, or a function to run.
    """

    name: ClassVar[str] = "geotiff"
    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")
    one_frame: ClassVar[bool] = True

    @contextmanager
    def open(self, address: str) -> Iterator[xr.Dataset]:
        """See `Reader.open`."""
        if not Path(address).is_file():
            raise DataError(f"{address}: no such file") from absent(address)
        try:
            import rasterio
            import rioxarray
        except ImportError as error:
            raise DataError(
                f"{address}: GeoTIFF needs rasterio and rioxarray; install them with pip install 'stq[geo]' ({error})"
            ) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            for what in ("Scales", "Offsets"):  # they may differ, and each band is decoded with its own
                warnings.filterwarnings("ignore", f"{what} differ across bands", UserWarning)
            try:
                bands = rioxarray.open_rasterio(
                    address, chunks=None, cache=False, mask_and_scale=True, parse_coordinates=False, driver="GTiff"
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise DataError(f"{address}: can't be read as GeoTIFF: {error}") from error
        if not isinstance(bands, xr.DataArray):
            raise DataError(f"{address}: holds several images; write each to a file of its own")
        with closed_at_the_end(bands):
            yield _by_band(bands, address)


def _by_band(bands: xr.DataArray, address: str) -> xr.Dataset:
    descriptions = bands.attrs.get("long_name", ())
    names = (descriptions,) if isinstance(descriptions, str) else tuple(descriptions)
    units = bands.attrs.get("units", "")
    axis, crs = str(bands.dims[0]), bands.rio.crs
    variables: dict[str, Any] = {}
    for index in range(bands.sizes[axis]):
        name = str(names[index]) if len(names) == bands.sizes[axis] and names[index] else f"band_{index + 1}"
        if name in variables:
            raise DataError(f"{address}: two bands are called '{name}'")
        unit = units if isinstance(units, str) else units[index]
        band = bands.variable.isel({axis: [index]})
        variables[name] = xr.Variable(("time", *band.dims[1:]), band._data, {"units": str(unit)})
    coordinates = _centres(bands)
    dataset = xr.Dataset(variables, coordinates)
    if crs is not None and coordinates:
        described = {"crs_wkt": crs.to_wkt(), **bands["spatial_ref"].attrs}  # the grid mapping in the words of CF
        dataset = dataset.assign_coords(spatial_ref=((), np.int32(0), described))
    if crs is not None and crs.is_geographic and coordinates:
        dataset["y"].attrs.update(standard_name="latitude", units="degrees_north")
        dataset["x"].attrs.update(standard_name="longitude", units="degrees_east")
    elif crs is not None and crs.is_projected and coordinates:
        unit, metres = crs.linear_units_factor
        for axis in ("y", "x"):
            length = "m" if metres == 1 else f"{metres:.12g} m" if metres else unit
            dataset[axis].attrs.update(standard_name=f"projection_{axis}_coordinate", units=length)
    return dataset


def _centres(bands: xr.DataArray) -> dict[str, tuple[str, np.ndarray]]:
    """Coordinates of the cells' centres; none where the file has no place, or its rows and columns are turned."""
    place = [float(number) for number in str(bands["spatial_ref"].attrs["GeoTransform"]).split()]
    west, wide, turned_x, north, turned_y, high = place
    if turned_x or turned_y or place == [0, 1, 0, 0, 0, 1]:
        return {}
    y, x = np.arange(bands.sizes["y"]) + 0.5, np.arange(bands.sizes["x"]) + 0.5
    return {"y": ("y", north + high * y), "x": ("x", west + wide * x)}

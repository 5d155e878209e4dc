"""Small GeoTIFFs."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine


def write_tif(
    path: Path, *bands: np.ndarray, names: tuple[str | None, ...] = (), crs: str | None = "EPSG:4326", **changes: object
) -> Path:
    """Bands of (row, column), on the grid of `write_grid`."""
    rows, columns = bands[0].shape
    profile = {"driver": "GTiff", "dtype": bands[0].dtype, "count": len(bands), "height": rows, "width": columns}
    place = Affine(2.5, 0, -1.25, 0, -2.5, 51.25)
    with rasterio.open(path, "w", **{**profile, "crs": crs, "transform": place, **changes}) as file:
        for index, band in enumerate(bands, start=1):
            file.write(band, index)
        file.descriptions = names or (None,) * len(bands)
    return path

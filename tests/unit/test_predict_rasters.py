"""From GeoTIFFs to a GeoTIFF: the place on the ground stays where it is, whatever the reference system."""

from pathlib import Path

import numpy as np
import pytest

from stq.data import build_data, forecast_file, open_inputs

rasterio = pytest.importorskip("rasterio")


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
def test_a_forecast_from_rasters_lies_where_they_lie(tmp_path: Path, crs: str) -> None:
    from support.grids import request_for, seasonal
    from support.rasters import write_tif

    frames = tmp_path / "frames"
    frames.mkdir()
    for step, field in enumerate(seasonal(30)):
        write_tif(frames / f"air_{2000 + step // 12}-{step % 12 + 1:02d}.tif", field, names=("air",), crs=crs)
    request = request_for(frames)
    inputs = open_inputs(request, build_data(request).normaliser)
    layout = inputs.layout((), {})
    field = np.arange(20, dtype=np.float32).reshape(4, 5)
    with forecast_file(tmp_path / "out.tif", layout) as file:
        file.write(0, slice(0, 4), slice(0, 5), np.stack([field, field + 1])[:, None], None)
    with rasterio.open(tmp_path / "out.tif") as made, rasterio.open(frames / "air_2000-01.tif") as source:
        assert made.crs == source.crs
        assert made.transform.almost_equals(source.transform)
        np.testing.assert_array_equal(made.read(2), field + 1)
        assert made.tags(2)["valid_time"].startswith("2002-08-01")

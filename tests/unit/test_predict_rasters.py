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


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_the_grid_mapping_of_projected_rasters_comes_along_in_full(tmp_path: Path, ending: str) -> None:
    """Albers has two standard parallels, an array among the attributes; other tools must place coarser cells too."""
    import xarray as xr
    from support.grids import request_for, seasonal
    from support.rasters import write_tif

    for step, field in enumerate(seasonal(30)):
        name = f"air_{2000 + step // 12}-{step % 12 + 1:02d}.tif"
        write_tif(tmp_path / name, field, names=("air",), crs="EPSG:5070")
    request = request_for(tmp_path / "*.tif", coarsen=(2, 1))
    layout = open_inputs(request, build_data(request).normaliser).layout((), {})
    out = tmp_path / f"out{ending}"
    with forecast_file(out, layout) as file:
        file.write(0, slice(0, 2), slice(0, 5), np.zeros((2, 1, 2, 5), dtype=np.float32), None)
    with xr.open_dataset(out, engine="zarr" if ending == ".zarr" else "netcdf4") as found:
        mapping = found[found.air.attrs["grid_mapping"]].attrs
        assert mapping["grid_mapping_name"] == "albers_conical_equal_area"
        assert list(mapping["standard_parallel"]) == [29.5, 45.5]
        assert "GeoTransform" not in mapping
        assert found.x.attrs == {"standard_name": "projection_x_coordinate", "units": "m"}
        assert found.y.attrs == {"standard_name": "projection_y_coordinate", "units": "m"}
        np.testing.assert_allclose(found.y, [48.75, 43.75])

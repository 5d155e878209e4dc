"""A file of forecasts opens in the tools that people have, holds what was written, and is whole or absent."""

import hashlib
import resource
import signal
from dataclasses import replace
from pathlib import Path

import cftime
import netCDF4
import numpy as np
import pytest
import xarray as xr
from support.forked import Child

from stq.data import Coordinate, ForecastLayout, check_seal, forecast_file
from stq.errors import CheckFailed, DiskError, UsageError

LEVELS, SIZE = (0.1, 0.5, 0.9), (5, 6)


def months(calendar: str, *numbers: int) -> tuple[cftime.datetime, ...]:
    return tuple(cftime.datetime(2000, number, 1, calendar=calendar) for number in numbers)


def layout(calendar: str = "noleap", inits: int = 2, *, south_up: bool = False) -> ForecastLayout:
    latitude = np.linspace(40, 30, SIZE[0])
    return ForecastLayout(
        variables=("air", "rain"),
        units=("K", ""),
        horizons=(1, 2, 4),
        levels=LEVELS,
        init_times=months(calendar, *range(1, inits + 1)),
        valid_times=tuple(months(calendar, m + 1, m + 2, m + 4) for m in range(1, inits + 1)),
        periods=(1, 2, 4),
        period_unit="1",
        size=SIZE,
        dims=("lat", "lon"),
        coordinates={
            "lat": Coordinate(
                ("lat",),
                latitude[::-1] if south_up else latitude,
                {"standard_name": "latitude", "units": "degrees_north"},
            ),
            "lon": Coordinate(
                ("lon",), np.linspace(0, 10, SIZE[1]), {"standard_name": "longitude", "units": "degrees_east"}
            ),
        },
        attributes={"title": "a forecast", "source": "a run", "history": "made by a test"},
    )


def numbers(inits: int = 2) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    central = random.normal(size=(inits, 3, 2, *SIZE)).astype(np.float32)
    central[0, :, :, 2, 3] = np.nan
    return central, random.normal(size=(inits, 3, len(LEVELS), 2, *SIZE)).astype(np.float32)


def write(path: Path, plan: ForecastLayout) -> tuple[np.ndarray, np.ndarray]:
    """In pieces of some rows and some columns."""
    central, quantiles = numbers(len(plan.init_times))
    with forecast_file(path, plan) as file:
        for init in range(len(plan.init_times)):
            for rows in (slice(0, 2), slice(2, 5)):
                for columns in (slice(0, 4), slice(4, 6)):
                    piece = (..., rows, columns)
                    file.write(init, rows, columns, central[init][piece], quantiles[init][piece])
    return central, quantiles


def opened(path: Path) -> xr.Dataset:
    return xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path)


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
@pytest.mark.parametrize("calendar", ["standard", "360_day", "noleap"])
def test_xarray_reads_back_what_was_written(tmp_path: Path, ending: str, calendar: str) -> None:
    plan = layout(calendar)
    central, quantiles = write(tmp_path / f"out{ending}", plan)
    with opened(tmp_path / f"out{ending}") as found:
        for number, name in enumerate(plan.variables):
            assert found[name].dims == ("init_time", "lead_time", "lat", "lon")
            assert found[f"{name}_quantile"].dims == ("init_time", "lead_time", "quantile", "lat", "lon")
            np.testing.assert_array_equal(found[name].values, central[:, :, number])
            np.testing.assert_array_equal(found[f"{name}_quantile"].values, quantiles[:, :, :, number])
        assert found.air.attrs["units"] == "K"
        assert "units" not in found.rain.attrs
        assert found["quantile"].values.tolist() == list(LEVELS)
        assert found.lead_time.values.tolist() == [1, 2, 4]
        np.testing.assert_array_equal(found.lat.values, plan.coordinates["lat"].values)
        for name, dates in (("init_time", plan.init_times), ("valid_time", [d for r in plan.valid_times for d in r])):
            parts = [(d.year, d.month, d.day) for d in dates]
            read = found[name].dt
            assert (
                list(zip(*(getattr(read, p).values.ravel().tolist() for p in ("year", "month", "day")), strict=True))
                == parts
            )


def test_a_netcdf_file_follows_the_conventions(tmp_path: Path) -> None:
    """The parts of CF 1.11 that a reader of forecasts relies on; its own checker is not a Python package of today."""
    write(tmp_path / "out.nc", layout())
    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        assert file.Conventions.startswith("CF-1.")
        assert {file.title, file.source, file.history} == {"a forecast", "a run", "made by a test"}
        standard = {name: getattr(v, "standard_name", None) for name, v in file.variables.items()}
        assert standard["init_time"] == standard["forecast_reference_time"] == "forecast_reference_time"
        assert standard["forecast_period"] == "forecast_period"
        assert standard["valid_time"] == "time"
        assert (standard["lat"], standard["lon"]) == ("latitude", "longitude")
        for name, variable in file.variables.items():
            if name in file.dimensions:
                assert variable.dimensions == (name,)
            for auxiliary in getattr(variable, "coordinates", "").split():
                assert set(file[auxiliary].dimensions) <= set(variable.dimensions)
            if name in ("init_time", "valid_time"):
                assert variable.units.startswith("days since 1970-01-01")
                assert variable.calendar == "noleap"
        assert file["forecast_period"].units == "1"
        assert np.issubdtype(file["forecast_period"].dtype, np.integer)
        assert np.isnan(file["air"]._FillValue)


@pytest.mark.parametrize("south_up", [False, True])
def test_a_geotiff_is_north_up_and_says_what_each_band_is(tmp_path: Path, south_up: bool) -> None:
    rasterio = pytest.importorskip("rasterio")
    plan = layout(inits=1, south_up=south_up)
    central, quantiles = write(tmp_path / "out.tif", plan)
    order = slice(None, None, -1) if south_up else slice(None)
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.crs.to_epsg() == 4326
        assert file.xy(0, 0) == (0.0, 40.0)
        assert file.xy(4, 5) == pytest.approx((10.0, 30.0))
        assert np.isnan(file.nodata)
        places = {text: band for band, text in enumerate(file.descriptions, start=1)}
        np.testing.assert_array_equal(file.read(places["rain +4 central"]), central[0, 2, 1][order])
        np.testing.assert_array_equal(file.read(places["air +2 quantile 0.9"]), quantiles[0, 1, 2, 0][order])
        assert file.tags(places["air +2 quantile 0.9"])["valid_time"].startswith("2000-03-01")
        assert file.units[places["air +2 central"] - 1] == "K"


def test_a_geotiff_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    with pytest.raises(UsageError, match="one initial time, and there are 2"):
        write(tmp_path / "out.tif", layout())
    plan = layout(inits=1)
    uneven = Coordinate(("lat",), np.array([0.0, 1.0, 2.0, 3.0, 9.0]))
    with pytest.raises(UsageError, match="steps of 'lat' differ"):
        write(tmp_path / "out.tif", replace(plan, coordinates={**plan.coordinates, "lat": uneven}))
    lone = {**plan.coordinates, "lat": Coordinate(("lat",), np.array([3.0]))}
    with (
        pytest.raises(UsageError, match="'lat' has one cell, of unknown size"),
        forecast_file(tmp_path / "out.tif", replace(plan, size=(1, SIZE[1]), coordinates=lone)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".nc", ".zarr", ".tif"])
def test_an_interrupted_file_is_not_there(tmp_path: Path, ending: str) -> None:
    def broken_off() -> None:
        central, quantiles = numbers()
        with forecast_file(tmp_path / f"out{ending}", layout(inits=1)) as file:
            file.write(0, slice(0, 5), slice(0, 6), central[0], quantiles[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / f"out{ending}", layout(inits=1))
    assert [path.name for path in tmp_path.iterdir()] == [f"out{ending}"]


@pytest.mark.parametrize("ending", [".nc", ".zarr", ".tif"])
def test_a_file_carries_its_checksum_and_shows_when_a_byte_of_it_changed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    write(path, layout(inits=1))
    check_seal(path)
    file = max((each for each in (path, *path.rglob("*")) if each.is_file()), key=lambda each: each.stat().st_size)
    content = file.read_bytes()
    for damaged, words in (
        (content[:99] + bytes([content[99] ^ 1]) + content[100:], "damaged"),
        (content[:-200], "damaged" if ending == ".zarr" else "carries no checksum"),
    ):
        file.write_bytes(damaged)
        with pytest.raises(CheckFailed, match=words):
            check_seal(path)
    file.write_bytes(content)
    check_seal(path)
    if ending == ".zarr":
        next(each for each in (path / "air" / "c").rglob("*") if each.is_file()).unlink()
        with pytest.raises(CheckFailed, match="does not match"):
            check_seal(path)
    else:
        digest = content[-len("stq-sha256:") - 65 :].decode()
        assert digest == f"stq-sha256:{hashlib.sha256(content[:-77]).hexdigest()}\n"


def test_a_geotiff_that_the_disk_took_in_part_is_not_there(tmp_path: Path) -> None:
    """GDAL closes it without a word."""
    pytest.importorskip("rasterio")

    def limited(path: Path = tmp_path / "out.tif") -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        central, quantiles = numbers(1)
        with forecast_file(path, layout(inits=1)) as file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
            file.write(0, slice(0, 5), slice(0, 6), central[0], quantiles[0])

    child = Child(limited, tmp_path / "told")
    assert child.wait() == 74
    assert "out.tif can't be written: what was written does not read back" in child.text()
    assert names(tmp_path) == {"told"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.nc").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        write(tmp_path / "out.nc", layout())
    assert (tmp_path / "out.nc").read_text() == "mine"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.nc, \.zarr, \.tif"):
        write(tmp_path / "out.csv", layout())


def test_a_place_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(DiskError, match="can't be written"):
        write(tmp_path / "folder" / "out.nc", layout())


def test_two_variables_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lat twice"):
        write(tmp_path / "out.nc", replace(layout(), variables=("lat", "rain")))

"""Readers: the same field gives the same series, whatever the kind of file that it lies in."""

import gc
import pickle
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from support.grids import monthly, request_for, seasonal, write_grid
from support.rasters import write_tif
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from stq.data import (
    RegularTime,
    Series,
    StaticMap,
    ZarrReader,
    _read_numpy,
    build_data,
    list_sources,
    open_source,
    read_series,
)
from stq.errors import DataError

FIELD = seasonal(36)
DATES = RegularTime((1995, 1, 1, 0, 0, 0), "1 month")
NORTH, WEST = 50.0 - 2.5 * np.arange(4), 2.5 * np.arange(5)


def as_netcdf(format: str) -> Callable[[Path], dict[str, object]]:
    def write(folder: Path) -> dict[str, object]:
        path = write_grid(folder / "a.nc", {"air": FIELD})
        with xr.open_dataset(path) as dataset:
            dataset.load().to_netcdf(folder / "b.nc", format=format, engine="netcdf4")
        return {"source": (str(folder / "b.nc"),)}

    return write


def as_zarr(version: int, consolidated: bool) -> Callable[[Path], dict[str, object]]:
    def write(folder: Path) -> dict[str, object]:
        with xr.open_dataset(write_grid(folder / "a.nc", {"air": FIELD})) as dataset:
            encoding = {"air": {"chunks": (5, 2, 3)}}
            plain = dataset.load().drop_encoding()
            plain.to_zarr(folder / "a.zarr", zarr_format=version, consolidated=consolidated, encoding=encoding)
        return {"source": (str(folder / "a.zarr"),)}

    return write


def as_geotiffs(folder: Path) -> dict[str, object]:
    for month, frame in zip(monthly(36), FIELD, strict=True):
        write_tif(folder / f"air_{month:%Y-%m}.tif", frame, names=("air",))
    return {"source": (str(folder),)}


def as_indexed_geotiffs(folder: Path) -> dict[str, object]:
    rows = ["file,date"]
    for number, (month, frame) in enumerate(zip(monthly(36), FIELD, strict=True)):
        write_tif(folder / f"{99 - number}.tif", frame, names=("air",))
        rows.append(f"{99 - number}.tif,{month:%Y-%m-%d}")
    (folder / "dates.csv").write_text("\n".join(rows) + "\n")
    return {"source": (str(folder / "*.tif"),), "index": str(folder / "dates.csv")}


def as_npy(folder: Path) -> dict[str, object]:
    np.save(folder / "air.npy", FIELD)
    return {"source": (str(folder / "air.npy"),), "time": DATES}


def as_several_npy(folder: Path) -> dict[str, object]:
    for year, part in zip((1995, 1996, 1997), np.split(FIELD, 3), strict=True):
        np.save(folder / f"air_{year}.npy", part.transpose(2, 1, 0))
    dims = {"time": "axis_2", "y": "axis_1", "x": "axis_0"}
    return {"source": (str(folder / "*.npy"),), "time": DATES, "dims": dims}


def as_npz(folder: Path) -> dict[str, object]:
    times = np.array(monthly(36), dtype="datetime64[s]")
    np.savez_compressed(folder / "a.npz", air=FIELD.astype(np.float64), time=times, lat=NORTH, lon=WEST)
    return {"source": (str(folder / "a.npz"),)}


WRITERS = {
    "NetCDF-3": as_netcdf("NETCDF3_64BIT"),
    "NetCDF-4": as_netcdf("NETCDF4"),
    "Zarr 2": as_zarr(2, True),
    "Zarr 2, metadata apart": as_zarr(2, False),
    "Zarr 3": as_zarr(3, False),
    "GeoTIFF by name": as_geotiffs,
    "GeoTIFF by index": as_indexed_geotiffs,
    "npy": as_npy,
    "npy, turned and in parts": as_several_npy,
    "npz": as_npz,
}


def read(arguments: dict[str, object]) -> Series:
    source = arguments.pop("source")
    return read_series(request_for(*map(str, source), **arguments))


@pytest.mark.parametrize("kind", list(WRITERS))
def test_every_kind_of_file_gives_the_same_series(kind: str, tmp_path: Path) -> None:
    series = read(WRITERS[kind](tmp_path))
    np.testing.assert_array_equal(series.values[:, 0], FIELD)
    assert series.times.labels == tuple(f"{date:%Y-%m-%d}" for date in monthly(36))
    assert series.grid.geographic == (not kind.startswith("npy"))
    if series.grid.geographic:
        np.testing.assert_allclose(series.grid.lat[:, 0], NORTH)
        np.testing.assert_allclose(series.grid.lon[0], WEST)


@pytest.mark.parametrize("kind", ["NetCDF-4", "Zarr 3", "GeoTIFF by name", "npy"])
def test_a_source_can_be_sent_to_a_worker_and_reads_what_is_indexed(kind: str, tmp_path: Path) -> None:
    request = WRITERS[kind](tmp_path)
    whole = request_for(*request.pop("source"), **request)
    for source in pickle.loads(pickle.dumps(list_sources(whole.source, whole.reading)))[:1]:
        with open_source(source) as dataset:
            air = dataset["air"]
            assert not air.variable._in_memory or isinstance(air.variable._data, np.ndarray)
            np.testing.assert_array_equal(air.isel({air.dims[0]: 0}).values[1:3], FIELD[0, 1:3])


@pytest.mark.parametrize("calendar", ["360_day", "noleap", "all_leap", "julian"])
@pytest.mark.parametrize("step", ["1D", "1 month", "6h"])
def test_dates_are_counted_in_every_calendar(calendar: str, step: str, tmp_path: Path) -> None:
    np.save(tmp_path / "air.npy", seasonal(400, 2, 2))
    request = request_for(tmp_path / "air.npy", time=RegularTime((1995, 12, 28, 0, 0, 0), step, calendar))
    times = read_series(request).times
    assert times.calendar in (calendar, {"all_leap": "366_day"}.get(calendar))
    frequency = {"1D": "D", "6h": "6h", "1 month": None}[step]
    if frequency:
        wanted = xr.date_range("1995-12-28", periods=400, freq=frequency, calendar=calendar, use_cftime=True)
        assert [tuple(row) for row in times.parts[:, :4]] == [(d.year, d.month, d.day, d.hour) for d in wanted]
    else:
        assert all((late - early) % 12 == 1 for early, late in pairwise(times.months.tolist()))


def test_the_packed_the_masked_and_the_other_way_up_are_the_same(tmp_path: Path) -> None:
    field = np.round(FIELD, 2)
    field[3, 1, 2] = np.nan
    packed = np.where(np.isnan(field), -999, np.round((field - 280) * 100)).astype(np.int16)
    for month, frame in zip(monthly(36), packed, strict=True):
        path = write_tif(tmp_path / f"{month:%Y%m%d}.tif", frame, names=("air",), nodata=-999)
        with rasterio.open(path, "r+") as file:
            file.scales, file.offsets, file.units = (0.01,), (280.0,), ("K",)
    series = read_series(request_for(tmp_path))
    np.testing.assert_allclose(series.values[:, 0], field, rtol=1e-6)
    assert series.units == ("K",)
    assert series.grid.lat[0, 0] > series.grid.lat[-1, 0]


def test_longitudes_beyond_180_and_ascending_or_descending_latitudes_stay_as_they_are(tmp_path: Path) -> None:
    east = np.array([170.0, 175, 180, 185, 190])
    for north in (NORTH, NORTH[::-1]):
        path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, longitude=east, latitude=north)
        data = build_data(request_for(path))
        np.testing.assert_allclose(data.splits["test"][0].location[1, 0], east)
        np.testing.assert_allclose(data.splits["test"][0].location[0, :, 0], north)


def test_bands_are_variables_by_description_or_number_and_units_are_theirs(tmp_path: Path) -> None:
    for month, frame in zip(monthly(24), FIELD, strict=False):
        write_tif(tmp_path / f"x{month:%Y%m}T.tif", frame, frame + 1, names=("red", None), crs="EPSG:32632")
    request = request_for(tmp_path, targets=("red",), inputs=("band_2",))
    series = read_series(request)
    np.testing.assert_allclose(series.values[:, 1] - series.values[:, 0], 1, atol=1e-4)
    assert not series.grid.geographic


def test_every_band_has_a_scale_and_an_offset_of_its_own(tmp_path: Path) -> None:
    numbers = np.full((4, 5), 100, dtype=np.int16)
    numbers[0, 0] = -1
    for month in range(1, 13):
        with rasterio.open(
            write_tif(tmp_path / f"a_2000-{month:02d}.tif", numbers, 2 * numbers, names=("air", "sea"), nodata=-1), "r+"
        ) as file:
            file.scales, file.offsets = (0.1, 0.01), (1.0, -5.0)
    found = read_series(request_for(tmp_path / "*.tif", targets=("air", "sea"))).values
    np.testing.assert_allclose(found[:, :, 1, 1], [[11.0, -3.0]] * 12, rtol=1e-6)
    assert np.isnan(found[:, 0, 0, 0]).all()


def test_a_geotiff_is_a_static_map_and_a_band_of_many_files_is_not(tmp_path: Path) -> None:
    cover = write_tif(tmp_path / "cover.tif", np.arange(20, dtype=np.float32).reshape(4, 5))
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()})
    data = build_data(request_for(path, static=(StaticMap("band_1", str(cover)),)))
    assert data.channel_names[-1] == "band_1"
    (tmp_path / "frames").mkdir()
    as_geotiffs(tmp_path / "frames")
    moving = build_data(request_for(tmp_path / "frames", static=(StaticMap("air"),)))
    assert any("changes in time" in note for note in moving.notes)


def test_a_store_behind_an_address_is_read_and_a_lacking_package_is_named(tmp_path: Path) -> None:
    store = as_zarr(3, False)(tmp_path)["source"][0]
    np.testing.assert_array_equal(read_series(request_for(f"file://{store}")).values[:, 0], FIELD)
    for address in ("gs://bucket/a.zarr", "abfs://bucket/a.zarr", "nonsense://a.zarr"):
        with pytest.raises(DataError, match=address.partition(":")[0]):
            read_series(request_for(address))


def test_a_lacking_extra_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch) -> None:
    as_geotiffs(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "rioxarray", None)
    with pytest.raises(DataError, match=r"pip install 'stq\[geo\]'"):
        read_series(request_for(tmp_path))


def test_a_chunk_that_is_not_there_is_missing_only_where_that_is_asked_for(tmp_path: Path) -> None:
    for version in (2, 3):
        folder = tmp_path / str(version)
        folder.mkdir()
        store = Path(as_zarr(version, False)(folder)["source"][0])
        chunk = "air/c/3/1/0" if version == 3 else "air/3.1.0"
        (store / chunk).unlink()
        with pytest.raises(DataError, match=r"a\.zarr: variable 'air' lacks its chunk .*3.1.0"):
            read_series(request_for(store))
        with open_source(list_sources([str(store)])[0]) as dataset:
            np.testing.assert_array_equal(dataset["air"].isel(time=slice(0, 15)).values, FIELD[:15])
        values = read_series(request_for(store, readers=(ZarrReader(fill_absent=True),))).values[:, 0]
        assert np.isnan(values[15:20, 2:4, :3]).all()
        assert np.isnan(values).sum() == 5 * 2 * 3
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("S2_20200131T103021_x", "2020-01-31T10:30:21"),
        ("ndvi-2020-01-31", "2020-01-31"),
        ("ndvi_2020_01_31_12:30", "2020-01-31T12:30:00"),
        ("MOD13.A2020060.h18v04", "2020-02-29"),
        ("rain 202002", "2020-02-01"),
        ("rain.1998", "1998-01-01"),
    ],
)
def test_dates_are_read_from_names(name: str, date: str, tmp_path: Path) -> None:
    path = write_tif(tmp_path / f"{name}.tif", FIELD[0])
    assert list_sources([str(path)])[0].date == date


@pytest.mark.parametrize("name", ["ndvi", "ndvi_0307", "20200131_20200201", "tile_99999999"])
def test_no_date_and_two_dates_in_a_name_are_refused(name: str, tmp_path: Path) -> None:
    path = write_tif(tmp_path / f"{name}.tif", FIELD[0])
    with pytest.raises(DataError, match=r"date.* in its name"):
        list_sources([str(path)])


def test_a_forgotten_file_that_the_garbage_collector_finds_never_waits_for_its_own_lock(tmp_path: Path) -> None:
    [source] = list_sources([str(write_grid(tmp_path / "a.nc", {"air": FIELD}))])
    forgotten: list[object] = [open_source(source)]
    forgotten[0].__enter__()
    forgotten.append(forgotten)
    del forgotten
    with NETCDF4_PYTHON_LOCK:
        gc.collect()


def test_a_large_array_of_an_archive_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_read_numpy, "_READ_WHOLE_BYTES", 100)
    arrays = {"air": np.asfortranarray(FIELD), "sea": FIELD * 2, "lat": NORTH}
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "b.npz", **arrays)
    for name, mapped in (("a.npz", True), ("b.npz", False)):
        (file,) = list_sources((str(tmp_path / name),))
        with file.reader.open(file.address) as dataset:
            assert isinstance(dataset.air.variable._data, np.memmap) == mapped
            np.testing.assert_array_equal(dataset.air.values, FIELD)
            np.testing.assert_array_equal(dataset.sea.values, FIELD * 2)
    monkeypatch.setattr(_read_numpy, "_memory_bytes", lambda: 1000)
    with file.reader.open(str(tmp_path / "a.npz")):
        pass
    with pytest.raises(DataError, match=r"b.npz: array 'air' takes .* more memory than there is.*np.savez"):
        file.reader.open(file.address).__enter__()

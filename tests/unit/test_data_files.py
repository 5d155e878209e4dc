"""Files: every way in which they can be wrong gives one clear error that names file and variable."""

import pickle
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import monthly, request_for, seasonal, write_grid

from stq.data import DataRequest, RegularTime, build_data, read_series
from stq.errors import DataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_grid(tmp_path / "a.nc", {"air": seasonal()})


def refused(request: DataRequest, *parts: str) -> None:
    with pytest.raises(DataError) as caught:
        build_data(request)
    for part in parts:
        assert part in str(caught.value)


def test_a_missing_file_an_empty_pattern_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(request_for(tmp_path / "none.nc"), "none.nc: no such file")
    refused(request_for(tmp_path / "*.nc"), "no file matches this pattern")
    refused(request_for(tmp_path), "is a folder")


def test_a_file_that_is_no_netcdf_or_is_cut_short_is_refused(tmp_path: Path, path: Path) -> None:
    text = tmp_path / "text.nc"
    text.write_text("time,air\n1995-01,280\n")
    refused(request_for(text), "text.nc: can't be read as NetCDF")
    cut = tmp_path / "cut.nc"
    cut.write_bytes(path.read_bytes()[:-3000])
    refused(request_for(cut), "cut.nc: can't be read")


def test_damaged_contents_are_refused_by_name(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60, 20, 20)}, encoding={"air": {"zlib": True}})
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 400] = bytes(400)
    path.write_bytes(whole)
    refused(request_for(path), "a.nc: variable 'air' can't be read, the file is damaged")


def test_a_missing_variable_is_named_with_the_nearest_and_with_all_there_are(path: Path) -> None:
    refused(
        request_for(path, targets=("aire",)), "no variable 'aire' (data.targets)", "did you mean 'air'?", "it has air"
    )
    refused(request_for(path, inputs=("cloud",)), "no variable 'cloud' (data.inputs)")


def test_a_variable_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    dataset = xr.Dataset({"air": (("time", "lat", "lon"), np.full((3, 2, 2), "x"))}, {"time": monthly(3)})
    dataset.to_netcdf(path, engine="netcdf4")
    refused(request_for(path), "variable 'air' holds", "not numbers")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_infinite_value_is_refused_with_its_place(tmp_path: Path, dtype: type) -> None:
    field = seasonal().astype(dtype)
    field[7, 2, 3] = np.inf if dtype is np.float32 else 1e200
    path = write_grid(tmp_path / "a.nc", {"air": field})
    refused(request_for(path), "variable 'air' is infinite at step 7, row 2, column 3")


def test_an_extra_dimension_is_refused_unless_it_has_one_entry(tmp_path: Path, path: Path) -> None:
    for levels in (1, 2):
        there = tmp_path / f"levels{levels}.nc"
        with xr.open_dataset(path) as dataset:
            dataset.expand_dims(level=levels, axis=1).to_netcdf(there, engine="netcdf4")
    refused(
        request_for(tmp_path / "levels2.nc"), "variable 'air' has the dimensions (time: 60, level: 2", "there is level"
    )
    assert build_data(request_for(tmp_path / "levels1.nc")).size == (4, 5)


def test_a_file_without_dates_is_refused(tmp_path: Path) -> None:
    numbered = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=np.arange(60))
    refused(request_for(numbered), "the time axis 'time' of variable 'air' holds no dates")
    empty = write_grid(tmp_path / "b.nc", {"air": seasonal()[:0]}, times=monthly(3)[:0])
    refused(request_for(empty), "b.nc: the time axis 'time'")


def test_unknown_axes_are_asked_for_and_can_be_named(tmp_path: Path) -> None:
    names = ("time", "first", "second")
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, names=names, coordinates=False)
    refused(request_for(path), "can't tell which of them are rows and columns", "data.dims")
    assert build_data(request_for(path, dims={"y": "first", "x": "second"})).size == (4, 5)
    assert build_data(request_for(path, dims={"y": "second", "x": "first"})).size == (5, 4)
    refused(request_for(path, dims={"y": "third", "x": "second"}), "data.dims calls the rows 'third'")
    refused(
        request_for(path, dims={"time": "when", "y": "first", "x": "second"}),
        "data.dims calls the time 'when', but variable 'air'",
    )


@pytest.mark.parametrize("names", [("valid_time", "latitude", "longitude"), ("t", "y", "x"), ("T", "rlat", "rlon")])
def test_axes_are_found_by_attributes_dates_and_common_names(tmp_path: Path, names: tuple[str, str, str]) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, names=names)
    assert build_data(request_for(path)).size == (4, 5)


def test_axes_may_stand_in_any_order(tmp_path: Path, path: Path) -> None:
    turned = tmp_path / "turned.nc"
    with xr.open_dataset(path) as dataset:
        dataset.transpose("lon", "lat", "time").to_netcdf(turned, engine="netcdf4")
    here, there = read_series(request_for(path)), read_series(request_for(turned))
    np.testing.assert_array_equal(here.values, there.values)
    np.testing.assert_array_equal(here.grid.lat, there.grid.lat)


def test_positions_on_a_curvilinear_grid_are_found(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, names=("time", "y", "x"), coordinates=False)
    lat, lon = np.meshgrid(np.linspace(10, 13, 4), np.linspace(20, 24, 5), indexing="ij")
    with xr.open_dataset(path) as dataset:
        dataset = dataset.load()
    dataset.assign(nav_lat=(("y", "x"), lat), nav_lon=(("y", "x"), lon)).to_netcdf(path, engine="netcdf4")
    item = build_data(request_for(path)).splits["test"][0]
    np.testing.assert_allclose(item.location.numpy(), [lat, lon], rtol=1e-6)


def test_an_impossible_latitude_is_refused(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, latitude=np.array([80.0, 85, 90, 95]))
    refused(request_for(path), "latitude must lie within -90 and 90 degrees, but runs from 80 to 95")


def test_packed_integers_and_fill_values_are_decoded_to_single_precision(tmp_path: Path) -> None:
    field = np.round(seasonal(), 2)
    field[4, 1, 2] = np.nan
    packing = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768}
    path = write_grid(tmp_path / "a.nc", {"air": field}, encoding={"air": packing})
    values = read_series(request_for(path)).values
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[:, 0], field, rtol=1e-6)


def test_several_files_are_joined_in_time_whatever_their_order(tmp_path: Path, path: Path) -> None:
    whole = seasonal()
    late = write_grid(tmp_path / "a_late.nc", {"air": whole[24:]}, times=monthly(36, start="1997-01-01"))
    early = write_grid(tmp_path / "b_early.nc", {"air": whole[:24]})
    one, many = build_data(request_for(path)), build_data(request_for(late, early))
    assert many.fingerprint == one.fingerprint
    assert build_data(request_for(tmp_path / "?_*.nc")).fingerprint == one.fingerprint
    assert build_data(request_for(early, late, early)).fingerprint == one.fingerprint


def test_files_that_do_not_fit_together_are_refused_by_name(tmp_path: Path, path: Path) -> None:
    after = monthly(12, start="2000-01-01")
    wide = write_grid(tmp_path / "wide.nc", {"air": seasonal(12, 4, 6)}, times=after)
    refused(request_for(path, wide), "wide.nc: stands on another grid than", "4 x 6 (rows x columns), not 4 x 5")
    moved = write_grid(tmp_path / "moved.nc", {"air": seasonal(12)}, times=after, latitude=np.arange(4.0))
    refused(
        request_for(path, moved), "moved.nc: stands on another grid", "row coordinates run from 0 to 3, not from 50"
    )
    other = write_grid(tmp_path / "other.nc", {"cloud": seasonal(12)}, times=after)
    refused(request_for(path, other), "other.nc: no variable 'air'")
    copy = write_grid(tmp_path / "copy.nc", {"air": seasonal()})
    refused(request_for(path, copy), "must ascend", "steps 59 and 60")
    gap = write_grid(tmp_path / "gap.nc", {"air": seasonal(12)}, times=monthly(12, start="2001-01-01"))
    refused(
        request_for(path, gap),
        "the steps must be even, but from 1999-12-01 to 2001-01-01 it is 13 months where most steps are 1 month",
    )
    with xr.open_dataset(wide) as dataset:
        celsius = dataset.isel(lon=slice(0, 5)).load()
    celsius["air"].attrs["units"] = "degC"
    celsius.to_netcdf(tmp_path / "celsius.nc", engine="netcdf4")
    refused(request_for(path, tmp_path / "celsius.nc"), "celsius.nc: the units are ('degC',)")


def test_files_in_different_calendars_are_refused(tmp_path: Path, path: Path) -> None:
    after = monthly(12, start="2000-01-01", calendar="noleap")
    other = write_grid(tmp_path / "other.nc", {"air": seasonal(12)}, times=after)
    refused(request_for(path, other), "other.nc: the calendar is noleap, that of")


def test_variables_with_different_dates_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    times = monthly(24)
    dataset = xr.Dataset(
        {
            "air": (("time", "y", "x"), seasonal(24)),
            "late": (("time2", "y", "x"), seasonal(24)),
        },
        {"time": times, "time2": monthly(24, start="1996-01-01")},
    )
    dataset.to_netcdf(path, engine="netcdf4")
    refused(request_for(path, inputs=("late",)), "variable 'late' has other dates than 'air'")


def test_the_fingerprint_sees_values_dates_and_positions(tmp_path: Path, path: Path) -> None:
    field = seasonal()
    field[30, 1, 1] += 1e-4
    changed = [
        write_grid(tmp_path / "values.nc", {"air": field}),
        write_grid(tmp_path / "dates.nc", {"air": seasonal()}, times=monthly(60, start="1995-02-01")),
        write_grid(tmp_path / "place.nc", {"air": seasonal()}, longitude=np.arange(5.0)),
    ]
    prints = {build_data(request_for(file)).fingerprint for file in (path, *changed)}
    assert len(prints) == 4
    assert build_data(request_for(path)).fingerprint in prints


@pytest.mark.parametrize(
    "changes",
    [{"history": 0}, {"horizons": (0, 1)}, {"horizons": (2, 1)}, {"horizons": ()}, {"targets": ("air", "air")}],
)
def test_an_impossible_request_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"data\."):
        request_for(**changes)


def test_time_units_that_can_not_be_decoded_are_quoted(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=np.arange(60))
    with netCDF4.Dataset(path, "a") as file:
        file["time"].units = "months since 1995-01-01"
    refused(request_for(path), "holds no dates (its units 'months since 1995-01-01' can't be decoded)", "or data.time")
    dated = request_for(path, time=RegularTime((1995, 1, 1, 0, 0, 0), "1 month"))
    assert build_data(dated).times == build_data(request_for(write_grid(tmp_path / "b.nc", {"air": seasonal()}))).times


def test_dates_that_nobody_asks_for_may_be_broken(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()})
    with netCDF4.Dataset(path, "a") as file:
        file.createVariable("made", "f8", ()).units = "fortnights since the flood"
    assert build_data(request_for(path)).times[0] == "1995-01-01"


def test_missing_dates_are_refused(tmp_path: Path) -> None:
    dates = np.array(monthly(60), dtype="datetime64[ns]")
    dates[0] = np.datetime64("NaT")
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=dates)
    refused(request_for(path), "a.nc: the time axis 'time' has missing dates")


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_dates_far_from_ours_work(tmp_path: Path, calendar: str) -> None:
    months = xr.date_range("3000-01-01", periods=60, freq="MS", calendar=calendar, use_cftime=True)
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=months)
    data = build_data(request_for(path, split={"train": ("3000", "3003"), "test": ("3004", "3004-12")}))
    assert data.times[-1] == "3004-12-01"


def test_a_dataset_survives_the_way_to_a_worker(path: Path) -> None:
    dataset = build_data(request_for(path)).splits["val"]
    again = pickle.loads(pickle.dumps(dataset))
    assert all(torch.equal(here, there) for here, there in zip(dataset[0], again[0], strict=True))


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize(("dtype", "begin"), [("float32", 0), ("float64", 36500)])
def test_dates_in_fractions_of_a_day_stand_on_the_hour(calendar: str, dtype: str, begin: int, tmp_path: Path) -> None:
    """A moment early is another hour, day, month and split than the file means."""
    whole = begin + np.arange(1000) / 24
    units = "days since 1999-12-20"
    path = tmp_path / "a.nc"
    time = xr.Variable("time", whole.astype(dtype), {"units": units, "calendar": calendar})
    xr.Dataset({"air": (("time", "y", "x"), seasonal(1000, 2, 2))}, {"time": time}).to_netcdf(path, engine="netcdf4")
    times = read_series(request_for(path)).times
    assert not times.parts[:, 4:].any()
    assert (times.parts[:, 3] == np.arange(1000) % 24).all()
    assert (np.diff(times.parts[:, 2])[23::24] != 0).all()


def test_dates_that_fall_on_no_clock_stay(tmp_path: Path) -> None:
    tenths = np.datetime64("2000-01-01T00:00:00", "us") + np.arange(60) * np.timedelta64(100, "ms")
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()}, times=tenths)
    np.testing.assert_array_equal(read_series(request_for(path)).dates.values, tenths)


def test_two_marks_of_what_is_missing_both_count_and_unsigned_numbers_stay_so(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal()})
    with netCDF4.Dataset(path, "a") as file:
        packed = file.createVariable("packed", "i2", ("time", "lat", "lon"), fill_value=-1)
        packed.setncatts({"missing_value": np.int16(-2), "scale_factor": 0.5, "add_offset": 100.0})
        unsigned = file.createVariable("unsigned", "i1", ("time", "lat", "lon"), fill_value=-1)
        unsigned.setncatts({"_Unsigned": "true"})
        for variable in (packed, unsigned):
            variable.set_auto_maskandscale(False)
            variable[:] = np.full((60, 4, 5), -56)
            variable[:, 0, 0] = -1
        packed[:, 0, 1] = -2
    found = read_series(request_for(path, targets=("packed", "unsigned"))).values[7, :, 0, :3]
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 72.0], [np.nan, 200.0, 200.0]])

"""A forecast into a file is the forecast that was scored, of data of the run's own kind, and of no other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import monthly, write_grid
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import PredictResult, RunFolder, evaluate, predict, train
from stq.app._forecast_bands import bands
from stq.data import DataRequest, Seams, Statistics, open_inputs
from stq.errors import CheckFailed, DataError, DiskError, UsageError


@dataclass(frozen=True)
class Made:
    """A finished run and its file."""

    run: RunFolder
    source: Path

    @property
    def whole(self) -> xr.Dataset:
        """The file in memory."""
        return xr.load_dataset(self.source)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("predict")
    source = tiny_source(folder)
    fields = xr.load_dataset(source)
    fields["air"][:, 2, 3] = np.nan
    fields["land"] = fields.sea * np.linspace(1, 2, 60)[:, None, None].astype(np.float32)
    fields.attrs = {"title": "two waves", "institution": "nowhere"}
    fields.to_netcdf(source, engine="netcdf4")
    overrides = ["data.static=[land]", "model.dropout=0.0"]
    train(tiny_spec(source, overrides), run_dir=folder / "run")
    return Made(RunFolder(folder / "run"), source)


def forecast(made: Made, path: Path, *source: Path, **options: object) -> xr.Dataset:
    result = predict(made.run, tuple(map(str, source)), path, **options)
    assert isinstance(result, PredictResult)
    return xr.load_dataset(path)


def variant(made: Made, path: Path, change: Callable[[xr.Dataset], xr.Dataset]) -> Path:
    change(made.whole).to_netcdf(path, engine="netcdf4")
    return path


def test_forecasts_of_the_test_part_have_the_scores_of_eval(made: Made, tmp_path: Path) -> None:
    found = forecast(made, tmp_path / "out.nc", init=("1998", "1999"))
    truth = made.whole.air
    times = truth.time.values.tolist()
    first = round(60 * 0.85)
    scores = evaluate(made.run).scores
    assert scores
    for score in scores:
        lead = score.horizon - 1
        errors, inside = [], []
        for init, date in enumerate(found.init_time.values.tolist()):
            issued = times.index(date)
            if first <= issued + 1 and issued + 2 < 60:
                assert found.valid_time.values[init, lead] == truth.time.values[issued + score.horizon]
                actual = truth.values[issued + score.horizon]
                errors.append(found.air.values[init, lead] - actual)
                low, high = found.air_quantile.values[init, lead]
                inside.append(((low <= actual) & (actual <= high))[np.isfinite(actual)])
        assert score.n == np.isfinite(errors).sum()
        assert score.rmse == pytest.approx(np.sqrt(np.nanmean(np.square(errors))), rel=1e-5)
        assert score.bias == pytest.approx(np.nanmean(errors), abs=1e-4)
        assert score.coverage == pytest.approx(np.mean(inside), abs=1e-9)


def test_a_file_holds_what_the_reader_needs(made: Made, tmp_path: Path) -> None:
    found = forecast(made, tmp_path / "out.nc")
    assert found.air.dims == ("init_time", "lead_time", "lat", "lon")
    assert found.air_quantile.dims == ("init_time", "lead_time", "quantile", "lat", "lon")
    assert found.init_time.values.astype("datetime64[D]").astype(str).tolist() == ["1999-12-01"]
    assert found.valid_time.values.astype("datetime64[D]").astype(str).tolist() == [["2000-01-01", "2000-02-01"]]
    assert found.forecast_period.values.tolist() == [1, 2]
    assert (found.attrs["title"], found.attrs["institution"]) == ("two waves", "nowhere")
    assert found.attrs["source"].startswith("stq ")
    assert " run tiny (run), checkpoint sha256 " in found.attrs["source"]
    assert found.attrs["history"][:2] == "20"
    assert found.attrs["quantile_calibration"].startswith("conformal")
    np.testing.assert_array_equal(found.lat.values, made.whole.lat.values)
    assert found.lat.attrs == made.whole.lat.attrs
    missing = np.isnan(found.air.values)
    assert missing[..., 2, 3].all()
    assert missing.sum() == 2
    np.testing.assert_array_equal(np.isnan(found.air_quantile.values).any(axis=2), missing)
    assert (np.diff(found.air_quantile.values, axis=2)[np.isfinite(found.air_quantile.values[:, :, 1:])] >= 0).all()


def test_the_newest_frames_alone_are_enough(made: Made, tmp_path: Path) -> None:
    """The map that is a mean over the training part is the run's, whatever it would be in these frames."""
    late = variant(made, tmp_path / "late.nc", lambda whole: whole.isel(time=slice(-3, None)).drop_vars("land"))
    whole, alone = forecast(made, tmp_path / "a.nc"), forecast(made, tmp_path / "b.nc", late)
    xr.testing.assert_equal(whole, alone)


def test_one_file_may_hold_several_dates_and_each_is_what_it_is_alone(made: Made, tmp_path: Path) -> None:
    both = forecast(made, tmp_path / "both.nc", init=("1999-03", "1998-11"))
    one = forecast(made, tmp_path / "one.nc", init=("1999-03-01",))
    assert both.sizes["init_time"] == 2
    xr.testing.assert_allclose(both.isel(init_time=[1]), one)


def test_a_forecast_does_not_see_what_came_after(made: Made, tmp_path: Path) -> None:
    cut = variant(made, tmp_path / "cut.nc", lambda whole: whole.sel(time=slice(None, "1998-11")))
    xr.testing.assert_equal(
        forecast(made, tmp_path / "a.nc", init=("1998-11",)), forecast(made, tmp_path / "b.nc", cut)
    )


def test_other_units_are_converted_where_that_is_asked_for(made: Made, tmp_path: Path) -> None:
    def celsius(whole: xr.Dataset) -> xr.Dataset:
        return whole.assign(air=(whole.air.dims, whole.air.values - np.float32(273.15), {"units": "degC"}))

    cold = variant(made, tmp_path / "cold.nc", celsius)
    with pytest.raises(DataError, match="'air' is in 'degC', and in 'K' in the run's data; --convert air=K converts"):
        forecast(made, tmp_path / "out.nc", cold)
    found = forecast(made, tmp_path / "a.nc", cold, units={"air": "K"})
    xr.testing.assert_allclose(found, forecast(made, tmp_path / "b.nc"), atol=1e-3)
    assert found.air.attrs["units"] == "K"
    for units, message in (
        ({"air": "degF"}, "the run knows 'air' in 'K'"),
        ({"ari": "K"}, "did you mean 'air'"),
    ):
        with pytest.raises(UsageError, match=message):
            forecast(made, tmp_path / "out.nc", cold, units=units)
    cold = variant(made, tmp_path / "odd.nc", lambda whole: whole.assign(air=whole.air.assign_attrs(units="m")))
    with pytest.raises(DataError, match="no exact way from there to K"):
        forecast(made, tmp_path / "out.nc", cold, units={"air": "K"})
    assert not (tmp_path / "out.nc").exists()


def days(whole: xr.Dataset) -> xr.Dataset:
    return whole.assign_coords(time=np.datetime64("2000-01-01", "ns") + np.arange(60) * np.timedelta64(1, "D"))


def unknown_at_the_end(whole: xr.Dataset) -> xr.Dataset:
    whole["air"][-4:] = np.nan
    return whole


OTHERS: Mapping[str, tuple[Callable[[xr.Dataset], xr.Dataset], str]] = {
    "no units": (lambda w: w.assign(sea=w.sea.drop_attrs()), "'sea' is in units that the file does not state"),
    "a larger grid": (lambda w: w.isel(lat=slice(1, None)), r"size is 7 x 8 \(rows x columns\), not 8 x 8"),
    "a shifted grid": (lambda w: w.assign_coords(lat=w.lat + 0.1), "row coordinates run from 50.1 to"),
    "another step": (days, "do not follow each other by the step of the run's data, 1 calendar month"),
    "no such variable": (lambda w: w.drop_vars("sea"), "no variable 'sea'"),
    "too short": (lambda w: w.isel(time=slice(-2, None)), "needs 3 steps up to it .*, and there are 2"),
    "nothing known": (unknown_at_the_end, "air have no value from 1999-10-01 to 1999-12-01"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_data_of_another_kind_is_refused_and_the_difference_is_named(made: Made, tmp_path: Path, name: str) -> None:
    change, message = OTHERS[name]
    other = variant(made, tmp_path / "other.nc", change)
    with pytest.raises(DataError, match=message):
        forecast(made, tmp_path / "out.nc", other)
    assert [path.name for path in tmp_path.iterdir()] == ["other.nc"]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"init": ("2001-01",)}, DataError, "--init 2001-01: there is no such step"),
        ({"init": ("soon",)}, UsageError, "--init 'soon' where a date such as"),
        ({"init": ("1995-02",)}, DataError, "1995-02-01 needs 3 steps"),
        ({"overlap": 3}, UsageError, "give --tile as well"),
        ({"tile": 4, "overlap": 4}, UsageError, "can't share 4 of them"),
    ],
)
def test_what_can_not_be_forecast_is_refused(
    made: Made, tmp_path: Path, options: Mapping[str, object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        forecast(made, tmp_path / "out.nc", **options)
    assert not list(tmp_path.iterdir())


def test_where_it_can_not_write_it_says_so_before_and_after(made: Made, tmp_path: Path) -> None:
    (tmp_path / "out.nc").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        predict(made.run, ("no such file",), tmp_path / "out.nc")
    with pytest.raises(DiskError, match="can't be written"):
        predict(made.run, (), tmp_path / "out.nc" / "inner.nc")


def test_a_run_of_before_is_told_from_a_whole_one(made: Made, tmp_path: Path) -> None:
    from dataclasses import replace
    from shutil import copytree

    copytree(made.run.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    replace(Statistics.load(run.statistics), site=None).save(run.statistics)
    with pytest.raises(CheckFailed, match="train anew"):
        predict(run, (str(made.source),), tmp_path / "out.nc")
    assert evaluate(run).scores  # which needs nothing of it


@pytest.mark.parametrize("ending", [".zarr", ".tif"])
def test_every_format_holds_the_same_numbers(made: Made, tmp_path: Path, ending: str) -> None:
    net = forecast(made, tmp_path / "out.nc")
    predict(made.run, (), tmp_path / f"out{ending}")
    if ending == ".zarr":
        xr.testing.assert_equal(xr.load_dataset(tmp_path / "out.zarr", engine="zarr"), net)
        return
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.xy(0, 0) == (0.0, 50.0)
        assert file.crs.to_epsg() == 4326
        np.testing.assert_array_equal(file.read(1), net.air.values[0, 0])
        np.testing.assert_array_equal(
            file.read(file.descriptions.index("air +2 quantile 0.9") + 1), net.air_quantile.values[0, 1, 1]
        )


TILED = """
model: {{hidden: [3], dropout: 0.0, heads: {{hidden: 2}}}}
losses: [mse, pinball]
trainer: {{max_epochs: 1, accelerator: cpu}}
quantiles: {{levels: [0.1, 0.9]}}
data: {{source: {source}, targets: [air], history: 2, horizons: [1], batch_size: 8, patch: {{size: 24, overlap: 14}}}}
"""


def test_a_field_in_tiles_is_the_field_in_one_piece_where_the_overlap_covers_the_network(tmp_path: Path) -> None:
    from stq.app._assembly import put_weights
    from stq.app._data import open_run_inputs
    from stq.app._models import build_network
    from stq.spec import parse_spec

    random = np.random.default_rng(0)
    field = random.normal(size=(30, 44, 39)).cumsum(axis=0).astype(np.float32)
    source = write_grid(tmp_path / "wide.nc", {"air": field}, times=monthly(30), latitude=np.arange(44.0))
    train(parse_spec(TILED.format(source=source)), run_dir=tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    result = predict(run, (), tmp_path / "out.nc")
    assert result.tile == (24, 14)
    loaded = run.load_spec()
    inputs = open_run_inputs(loaded, Statistics.load(run.statistics), (), init=(), units={})
    network = build_network(loaded, inputs)
    put_weights(network, run)
    network.eval()

    def put_together(cut: tuple[int, int] | None) -> np.ndarray:
        found = list(bands(network, inputs, inputs.inits[0], 3, cut))
        assert [rows.start for rows, _ in found] == [0, *(rows.stop for rows, _ in found[:-1])]
        return np.concatenate([maps for _, maps in found], axis=-2)

    whole, spread = put_together(None), field.std()
    assert np.abs(put_together((24, 14)) - whole).max() < 1e-5 * spread
    np.testing.assert_array_equal(
        xr.load_dataset(tmp_path / "out.nc").air.values[0, 0], put_together((24, 14))[0, 0, 0]
    )

    def seam(cut: tuple[int, int]) -> float:
        """How far the field is from the one in one piece, at its worst, over its deviation."""
        return float(np.abs(put_together(cut) - whole).max() / spread)

    assert seam((24, 14)) < seam((16, 6)) < seam((16, 0))
    assert seam((16, 6)) < 0.5 * seam((16, 0))

    def told(fields: np.ndarray, side: int, overlap: int) -> float:
        seams = Seams(inputs.size, side, overlap, ("air",))
        seams.add(0, slice(0, 44), fields[0, 0])
        ratio = seams.ratios()["air"]
        assert ratio is not None
        return ratio

    assert result.seams == {"air": pytest.approx(told(put_together((24, 14)), 24, 14), rel=1e-6)}
    assert result.seams["air"] == pytest.approx(told(whole, 24, 14), rel=1e-4)


def test_inputs_known_ahead_must_be_there_and_targets_need_not(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import build_data

    air, tide = seasonal(60), seasonal(60, seed=5)
    path = write_grid(tmp_path / "a.nc", {"air": air, "tide": tide})
    request = request_for(path, future=("tide",))
    statistics = build_data(request).normaliser
    air[58:] = np.nan
    short = write_grid(tmp_path / "b.nc", {"air": air, "tide": tide})
    inputs = open_inputs(request_for(short, future=("tide",)), statistics)
    assert inputs.inits == (57,)
    window = inputs.window(57, slice(0, 4), slice(0, 5))
    assert torch.equal(window.inputs, build_data(request).splits["test"].window(57, inputs.series.fields.whole).inputs)
    with pytest.raises(DataError, match=r"'tide' is known ahead \(data.future\) and has no value at 2000-01-01"):
        open_inputs(request, statistics)


def test_names_positions_and_the_grid_mapping_come_along(tmp_path: Path) -> None:
    """Two-dimensional positions, dimensions without coordinates, a rotated pole; from a file and a store."""
    from support.grids import request_for, seasonal

    from stq.data import build_data, pack_data

    y, x = np.mgrid[0:4, 0:5]
    field = xr.DataArray(seasonal(60), dims=("time", "rlat", "rlon"), attrs={"units": "K", "grid_mapping": "pole"})
    field.attrs["standard_name"] = "air_temperature"
    positions = {
        "time": monthly(60, calendar="360_day"),
        "nav_lat": (("rlat", "rlon"), 50.0 - y - 0.1 * x, {"units": "degrees_north", "standard_name": "latitude"}),
        "nav_lon": (("rlat", "rlon"), 5.0 + x + 0.1 * y, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    pole = xr.DataArray(np.int32(0), attrs={"grid_mapping_name": "rotated_latitude_longitude"})
    path = tmp_path / "turned.nc"
    xr.Dataset({"air": field, "pole": pole}, positions, {"title": "turned"}).to_netcdf(path, engine="netcdf4")
    request = request_for(path)
    statistics = build_data(request).normaliser
    statistics.save(tmp_path / "statistics.npz")
    pack_data(request, tmp_path / "store")
    plans = [
        open_inputs(each, Statistics.load(tmp_path / "statistics.npz")).layout((0.5,), {"source": "a test"})
        for each in (request, request_for(tmp_path / "store"))
    ]
    for plan in plans:
        assert (plan.dims, plan.size) == (("rlat", "rlon"), (4, 5))
        assert set(plan.coordinates) == {"nav_lat", "nav_lon", "pole"}
        assert plan.coordinates["nav_lat"].dims == ("rlat", "rlon")
        np.testing.assert_allclose(plan.coordinates["nav_lat"].values, positions["nav_lat"][1])
        assert plan.coordinates["nav_lon"].attributes["standard_name"] == "longitude"
        assert dict(plan.attributes) == {"title": "turned", "source": "a test"} or plan is plans[1]
        fields = {variable.name: variable for variable in plan.file_variables()}
        assert fields["air"].attributes["grid_mapping"] == "pole"
        assert fields["air"].attributes["standard_name"] == "air_temperature"
        assert fields["air_quantile"].attributes["standard_name"] == "air_temperature"
        assert fields["air"].attributes["coordinates"].endswith("nav_lat nav_lon")
        assert [str(date) for date in plan.valid_times[0]] == ["2000-01-01 00:00:00", "2000-02-01 00:00:00"]
        assert plan.init_times[0].calendar == "360_day"
        assert (plan.periods, plan.period_unit) == ((1.0, 2.0), "1")


def test_a_frame_that_is_missing_is_no_gap_in_time(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import RegularStep, build_data

    dates = np.datetime64("2000-01-01", "ns") + np.delete(np.arange(60), 57) * np.timedelta64(1, "D")
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(59)}, times=dates)
    request = request_for(path, step=RegularStep("1D"))
    data = build_data(request)
    inputs = open_inputs(request, data.normaliser, init=("2000-02-28",))
    assert inputs.inits == (58,)
    layout = inputs.layout((), {})
    assert [str(date)[:10] for date in layout.valid_times[0]] == ["2000-02-29", "2000-03-01"]
    assert (layout.periods, layout.period_unit) == ((1.0, 2.0), "days")


def test_irregular_series_have_no_forecasts(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import build_data

    request = request_for(write_grid(tmp_path / "a.nc", {"air": seasonal(60)}), irregular="index")
    with pytest.raises(DataError, match="a forecast has no date"):
        open_inputs(request, build_data(request).normaliser)


def test_units_of_what_is_computed_from_are_watched_too(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import Derived, build_data

    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "ice": seasonal(60, seed=2)})
    request = request_for(path, targets=("both",), derived=(Derived("both", "air + ice", "K"),))
    statistics = build_data(request).normaliser
    assert open_inputs(request, statistics).inits == (59,)
    with xr.load_dataset(path) as fields:
        fields["ice"].attrs["units"] = "degC"
        fields.to_netcdf(tmp_path / "b.nc", engine="netcdf4")
    with pytest.raises(DataError, match=r"'ice', from which others are computed, is in 'degC', and was in 'K'"):
        open_inputs(
            request_for(tmp_path / "b.nc", targets=("both",), derived=(Derived("both", "air + ice", "K"),)), statistics
        )


def test_what_is_computed_from_is_converted_before_anything_is_computed(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import Derived, Mask, build_data, pack_data

    def request(path: Path) -> DataRequest:
        """A target that another is computed from, and a mask."""
        both = (Derived("both", "air - 2 * ice", "K"),)
        return request_for(path, targets=("both", "air"), derived=both, mask=Mask("ice > 273.15"))

    def cold(name: str) -> None:
        with xr.load_dataset(path) as fields:
            for each in ("air", "ice") if name == "b.nc" else ("ice",):
                fields[each] = (fields[each].dims, fields[each].values - 273.15, {"units": "degC"})
            fields.to_netcdf(tmp_path / name, engine="netcdf4")

    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "ice": seasonal(60, seed=2)})
    statistics = build_data(request(path)).normaliser
    before = open_inputs(request(path), statistics)
    cold("b.nc")
    after = open_inputs(request(tmp_path / "b.nc"), statistics, units={"air": "K", "ice": "kelvin"})
    assert after.series.units == ("K", "K")
    np.testing.assert_allclose(after.series.values, before.series.values, rtol=1e-5)
    with pytest.raises(DataError, match=r"'ice', from which others are computed, .*; --convert ice=K converts it"):
        open_inputs(request(tmp_path / "b.nc"), statistics, units={"air": "K"})
    with pytest.raises(UsageError, match="--convert ice=m: the run knows 'ice' in 'K'"):
        open_inputs(request(tmp_path / "b.nc"), statistics, units={"ice": "m"})
    with pytest.raises(UsageError, match="'iec', which is no variable of the run; did you mean 'ice'"):
        open_inputs(request(path), statistics, units={"iec": "K"})
    cold("c.nc")
    pack_data(request(tmp_path / "c.nc"), tmp_path / "store")
    with pytest.raises(DataError, match="others were computed from 'ice' when this was packed"):
        open_inputs(request_for(tmp_path / "store", targets=("both", "air")), statistics, units={"ice": "K"})


def test_files_must_agree_in_the_units_of_what_is_computed_from(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import Derived, read_series

    air = seasonal(60)
    write_grid(tmp_path / "a.nc", {"air": air[:30]}, times=monthly(30))
    later = write_grid(tmp_path / "b.nc", {"air": air[30:]}, times=monthly(30, start="1997-07-01"))
    with netCDF4.Dataset(later, "a") as file:
        file["air"].units = "degC"
    request = request_for(tmp_path / "*.nc", targets=("warm",), derived=(Derived("warm", "air + 1", "K"),))
    with pytest.raises(DataError, match=r"b.nc: variable 'air', from which .* is in 'degC', and in 'K' in .*a.nc"):
        read_series(request)


def test_a_run_that_starts_from_another_remembers_the_maps_that_it_was_given(tmp_path: Path) -> None:
    from support.grids import request_for, seasonal

    from stq.data import StaticMap, build_data

    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "ice": seasonal(60, seed=2).cumsum(axis=0)})
    first = request_for(path, static=(StaticMap("ice"),))
    later = request_for(path, static=(StaticMap("ice"),), split={"train": 0.8, "val": 0.1, "test": 0.1})
    statistics = build_data(first).normaliser
    taken_over = build_data(later, statistics).normaliser
    own = build_data(later).normaliser
    assert taken_over.site is not None
    assert own.site is not None
    assert statistics.site is not None
    np.testing.assert_array_equal(taken_over.site.static, own.site.static)
    assert not np.array_equal(taken_over.site.static, statistics.site.static)


def test_positions_that_go_by_their_name_alone_are_said_to_be_positions(made: Made, tmp_path: Path) -> None:
    def bare(whole: xr.Dataset) -> xr.Dataset:
        return whole.assign_coords({name: whole[name].drop_attrs() for name in ("lat", "lon")})

    found = forecast(made, tmp_path / "out.nc", variant(made, tmp_path / "bare.nc", bare))
    assert found.lat.attrs == {"standard_name": "latitude", "units": "degrees_north"}
    assert found.lon.attrs == {"standard_name": "longitude", "units": "degrees_east"}

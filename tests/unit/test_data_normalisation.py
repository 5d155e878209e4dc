"""Statistics against plain xarray and NumPy."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import monthly, request_for, seasonal, write_grid
from torch.utils.data import default_collate

from stq.data import StaticMap, build_data
from stq.errors import DataError

FOUR_YEARS = {"train": ("1995", "1998"), "val": ("1999-01", "1999-12")}
ONE_YEAR = {"train": ("1995-01", "1996-11"), "val": ("1997", "1999")}


def holed() -> np.ndarray:
    field = seasonal(60)
    field[np.random.default_rng(1).random(field.shape) < 0.03] = np.nan
    return field


def training(field: np.ndarray, last: str = "1998-12") -> xr.DataArray:
    array = xr.DataArray(field.astype(np.float64), dims=("time", "y", "x"), coords={"time": monthly(len(field))})
    return array.sel(time=slice("1995-01", last))


def test_the_climatology_is_the_training_mean_of_each_month(tmp_path: Path) -> None:
    field = holed()
    statistics = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": field}), split=FOUR_YEARS)).normaliser
    part = training(field)
    expected = part.groupby("time.month").mean()
    anomalies = part.groupby("time.month") - expected
    assert statistics.months == tuple(range(1, 13))
    np.testing.assert_allclose(statistics.climatology[:, 0], expected.values, rtol=1e-6)
    np.testing.assert_allclose(statistics.deviation[0], np.sqrt(float((anomalies**2).mean())), rtol=1e-5)
    step = anomalies.diff("time")
    np.testing.assert_allclose(statistics.step[0], np.sqrt(float((step**2).mean())), rtol=1e-5)


def test_less_than_two_cycles_give_one_mean_for_each_cell(tmp_path: Path) -> None:
    field = holed()
    data = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": field}), split=ONE_YEAR))
    expected = training(field, "1996-11").mean("time")
    assert data.normaliser.months == ()
    np.testing.assert_allclose(data.normaliser.climatology, expected.values[None, None], rtol=1e-6)
    assert any("one training mean for each cell" in note for note in data.notes)


def test_standard_is_one_mean_and_one_deviation(tmp_path: Path) -> None:
    field = holed()
    path = write_grid(tmp_path / "a.nc", {"air": field})
    statistics = build_data(request_for(path, split=FOUR_YEARS, normalise="standard")).normaliser
    np.testing.assert_allclose(statistics.mean[0], float(training(field).mean()), rtol=1e-6)
    np.testing.assert_allclose(statistics.deviation[0], float(training(field).std()), rtol=1e-5)


def test_a_cell_never_known_in_training_takes_the_mean_of_the_field(tmp_path: Path) -> None:
    field = seasonal(60)
    field[:48, 1, 2] = np.nan
    statistics = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": field}), split=FOUR_YEARS)).normaliser
    others = np.delete(statistics.climatology[:, 0].reshape(12, -1), 1 * 5 + 2, axis=1)
    np.testing.assert_allclose(statistics.climatology[:, 0, 1, 2], others.mean(axis=1), rtol=1e-6)


def test_a_cell_unknown_in_one_month_takes_its_own_mean(tmp_path: Path) -> None:
    field = seasonal(60)
    field[6:48:12, 1, 2] = np.nan
    statistics = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": field}), split=FOUR_YEARS)).normaliser
    np.testing.assert_allclose(statistics.climatology[6, 0, 1, 2], np.nanmean(field[:48, 1, 2]), rtol=1e-6)


@pytest.mark.parametrize("relative_to", ["none", "last"])
def test_the_target_range_is_that_of_the_training_windows(tmp_path: Path, relative_to: str) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": holed()})
    data = build_data(request_for(path, split=FOUR_YEARS, relative_to=relative_to))
    batch = default_collate([data.splits["train"][index] for index in range(len(data.splits["train"]))])
    minimum, maximum = data.target_range()
    torch.testing.assert_close(minimum[0], batch.values[batch.valid].min())
    torch.testing.assert_close(maximum[0], batch.values[batch.valid].max())


def test_a_target_that_never_changes_has_deviation_one_a_range_and_a_note(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": np.repeat(seasonal(1), 60, axis=0)})
    data = build_data(request_for(path))
    minimum, maximum = data.target_range()
    assert data.normaliser.deviation[0] == 1
    assert (maximum - minimum > 0).all()
    assert any("air does not vary" in note for note in data.notes)


@pytest.mark.parametrize("normalise", ["anomaly", "standard", "none"])
def test_a_target_that_is_one_number_is_refused(tmp_path: Path, normalise: str) -> None:
    field = np.full((60, 4, 5), 5.1, dtype=np.float32)
    field[3, 1, 2] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": field})
    with pytest.raises(DataError, match=r"target 'air' is 5.1 in every cell and step .* nothing to forecast"):
        build_data(request_for(path, normalise=normalise))


def test_a_variable_without_a_valid_training_value_is_refused_by_name(tmp_path: Path) -> None:
    cloud = seasonal(60)
    cloud[:48] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "cloud": cloud})
    with pytest.raises(DataError, match="input 'cloud' has no valid value in the training part"):
        build_data(request_for(path, inputs=("cloud",), split=FOUR_YEARS))
    with pytest.raises(DataError, match="target 'cloud' has no valid value in the training part"):
        build_data(request_for(path, targets=("cloud",), split=FOUR_YEARS))


@pytest.mark.parametrize("split", ["val", "calibration", "test"])
def test_a_target_never_known_where_a_split_is_judged_is_refused_by_name(tmp_path: Path, split: str) -> None:
    at = {"val": slice(36, 45), "calibration": slice(45, 51), "test": slice(51, 60)}[split]
    sea = seasonal(60)
    sea[at] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "sea": sea})
    with pytest.raises(DataError, match=f"target 'sea' has no valid value in {split} at horizon 1"):
        build_data(request_for(path, targets=("air", "sea")))
    assert build_data(request_for(path, inputs=("sea",))).splits[split]


def test_persistence_carries_the_last_known_value_and_falls_back_on_climatology(tmp_path: Path) -> None:
    field = seasonal(60)
    field[51, 0, 0] = np.nan
    field[49:52, 2, 3] = np.nan
    path = write_grid(tmp_path / "a.nc", {"air": field})
    split = {"train": ("1995", "1998"), "test": ("1999-05", "1999-06")}
    data = build_data(request_for(path, split=split))
    batch = default_collate([data.splits["test"][0]])
    assert batch.time.tolist() == [51]
    forecast = data.persistence(batch)
    assert forecast[0, 1, 0, 0, 0] == field[50, 0, 0]
    assert forecast[0, 1, 0, 3, 3] == field[51, 3, 3]
    climatology = data.climatology(batch)
    assert torch.equal(forecast[0, :, 0, 2, 3], climatology[0, :, 0, 2, 3])
    np.testing.assert_array_equal(climatology[0, :, 0], data.normaliser.climatology[[4, 5], 0])


def test_statistics_of_a_finished_run_are_used_as_they_are(tmp_path: Path) -> None:
    first = build_data(request_for(write_grid(tmp_path / "a.nc", {"air": seasonal(60)}), split=FOUR_YEARS))
    other = write_grid(tmp_path / "b.nc", {"air": seasonal(60, seed=9, level=290)})
    again = build_data(request_for(other, split=FOUR_YEARS), first.normaliser)
    assert again.normaliser is first.normaliser
    assert again.fingerprint != first.fingerprint
    batch = default_collate([again.splits["val"][0]])
    assert torch.equal(again.climatology(batch), first.climatology(batch))


def test_statistics_of_other_data_are_refused(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.nc", {"air": seasonal(60), "cloud": seasonal(60)})
    statistics = build_data(request_for(path)).normaliser
    for changes in (
        {"targets": ("cloud",)},
        {"inputs": ("cloud",)},
        {"normalise": "standard"},
        {"relative_to": "last"},
        {"static": (StaticMap("cloud"),)},
    ):
        with pytest.raises(DataError, match="the normalisation statistics were fitted with"):
            build_data(request_for(path, **changes), statistics)
    with pytest.raises(DataError, match=r"another grid than the run's data: its size is 2 x 2 .*, not 4 x 5"):
        build_data(request_for(path, coarsen=(2, 2)), statistics)

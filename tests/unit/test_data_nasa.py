"""The real data that ships in examples/data, against an independent computation in xarray."""

import time

import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import NASA
from torch.utils.data import default_collate

from stq.data import DataRequest, ForecastData, StaticMap, build_data

HORIZONS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def data() -> ForecastData:
    return build_data(
        DataRequest(
            source=(str(NASA),),
            targets=("ozone", "temperature"),
            inputs=("surftemp", "cloudlow", "cloudmid", "cloudhigh"),
            static=(StaticMap("pressure"),),
            history=4,
            horizons=HORIZONS,
            split={"train": ("1995-01", "1999-02"), "val": ("1999-03", "1999-10"), "test": ("1999-11", "2000-12")},
        )
    )


def test_channels_units_and_grid_are_those_of_the_file(data: ForecastData) -> None:
    assert data.units == ("DU", "K")
    assert data.size == (24, 24)
    assert data.geographic
    assert data.channel_names == (
        *("ozone", "temperature", "surftemp", "cloudlow", "cloudmid", "cloudhigh", "pressure", "cloudlow missing"),
    )
    assert (data.times[0], data.times[-1]) == ("1995-01-01", "2000-12-01")
    location = data.splits["test"][0].location
    assert location[0, 0, 0] > location[0, -1, 0]


def test_baseline_errors_equal_those_computed_by_xarray(data: ForecastData) -> None:
    batch = default_collate([data.splits["test"][index] for index in range(len(data.splits["test"]))])
    truth = data.to_units(batch.values, batch.offset)
    with xr.open_dataset(NASA) as dataset:
        fields = dataset[["ozone", "temperature"]].load().astype("float64")
    climatology = fields.sel(time=slice("1995-01", "1999-02")).groupby("time.month").mean()
    for at, name in enumerate(data.variables):
        for row, horizon in enumerate(HORIZONS):
            issued = batch.time.numpy()
            ahead = fields[name][issued + horizon]
            normal = climatology[name].sel(month=ahead["time"].dt.month)
            np.testing.assert_allclose(truth[:, row, at], ahead, atol=1e-3)
            expected = np.sqrt(float(((ahead - normal) ** 2).mean()))
            found = (truth - data.climatology(batch))[:, row, at].square().mean().sqrt()
            np.testing.assert_allclose(found, expected, rtol=1e-4)
            expected = np.sqrt(np.mean((ahead.values - fields[name].values[issued]) ** 2))
            found = (truth - data.persistence(batch))[:, row, at].square().mean().sqrt()
            np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_ozone_persists_with_an_error_of_eight_dobson_units(data: ForecastData) -> None:
    batch = default_collate([data.splits["test"][index] for index in range(len(data.splits["test"]))])
    error = data.to_units(batch.values, batch.offset) - data.persistence(batch)
    assert 7.5 < float(error[:, 0, 0].square().mean().sqrt()) < 8.5


def test_an_item_takes_well_under_a_millisecond(data: ForecastData) -> None:
    dataset = data.splits["train"]
    taken = []
    for index in range(len(dataset)):
        start = time.perf_counter()
        dataset[index]
        taken.append(time.perf_counter() - start)
    assert np.median(taken) < 5e-3  # shapes are checked in tests, which costs several times the work itself


def test_windows_are_the_same_whenever_they_are_cut(data: ForecastData) -> None:
    first, again = data.splits["train"][5], data.splits["train"][5]
    assert all(torch.equal(here, there) for here, there in zip(first, again, strict=True))


def test_the_range_of_anomalies_is_that_of_the_training_targets(data: ForecastData) -> None:
    with xr.open_dataset(NASA) as dataset:
        fields = dataset[["ozone", "temperature"]].load().astype("float64").sel(time=slice("1995-01", "1999-02"))
    anomaly = fields.groupby("time.month") - fields.groupby("time.month").mean()
    targets = anomaly.isel(time=slice(4, None))  # the first four months are inputs alone
    for found, extreme in zip(data.anomaly_range(), ("min", "max"), strict=True):
        expected = [float(getattr(targets[name], extreme)()) for name in data.variables]
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_share_that_persists_is_the_slope_on_the_last_frame(data: ForecastData) -> None:
    with xr.open_dataset(NASA) as dataset:
        fields = dataset[["ozone", "temperature"]].load().astype("float64").sel(time=slice("1995-01", "1999-02"))
    anomaly = fields.groupby("time.month") - fields.groupby("time.month").mean()
    issued = np.arange(3, 50 - 4)
    for at, name in enumerate(data.variables):
        last = anomaly[name].values[issued]
        for row, horizon in enumerate(HORIZONS):
            slope = (last * anomaly[name].values[issued + horizon]).sum() / np.square(last).sum()
            np.testing.assert_allclose(data.persisting_share()[row, at], slope, atol=1e-4)

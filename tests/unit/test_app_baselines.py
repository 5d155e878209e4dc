"""The baselines of a run: in units whatever the network sees, fitted on the training part alone, kept and checked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from support.grids import monthly, write_grid
from support.tiny_runs import gappy_source, tiny_spec
from torch import Tensor
from torch.utils.data import DataLoader

from stq.app import RunFolder
from stq.app._data import open_data
from stq.app.baselines import Baselines, fit_baselines, open_baselines
from stq.calibration import ConformalCalibration
from stq.data import ForecastData
from stq.errors import CheckFailed
from stq.spec import LoadedSpec
from stq.tensors import Batch

ALL = ("persistence", "climatology", "damped_persistence", "seasonal_naive", "linear")
FIVE = "quantiles.levels=[0.05,0.25,0.5,0.75,0.95]"


def opened(source: Path, overrides: Sequence[str] = ()) -> tuple[LoadedSpec, ForecastData]:
    loaded = tiny_spec(source, overrides)
    return loaded, open_data(loaded.spec.data, loaded=loaded)


def fitted(source: Path, overrides: Sequence[str] = ()) -> tuple[Baselines, ForecastData]:
    loaded, data = opened(source, overrides)
    return fit_baselines(loaded, data), data


def whole(data: ForecastData, split: str) -> Batch:
    windows = data.splits[split].whole() if split == "train" else data.splits[split]
    return next(iter(DataLoader(windows, batch_size=len(windows))))


def truth_of(data: ForecastData, batch: Batch) -> Tensor:
    return data.to_units(batch.values, batch.offset)


def raw_fields(source: Path, *names: str) -> np.ndarray:
    with xr.open_dataset(source) as dataset:
        return np.stack([dataset[name].values.astype(np.float64) for name in names], axis=1)


@pytest.mark.parametrize(
    "overrides",
    [
        ["data.normalise=none"],
        ["data.normalise=standard"],
        ["data.normalise=standard", "data.relative_to=last"],
        ["data.normalise=anomaly"],
        ["data.normalise=anomaly", "data.relative_to=last"],
    ],
    ids=" ".join,
)
def test_baselines_are_the_same_in_units_whatever_the_network_is_given(source: Path, overrides: list[str]) -> None:
    baselines, data = fitted(source, overrides)
    assert baselines.names == ALL
    batch = whole(data, "test")
    found = baselines.forecast(batch)
    assert tuple(found) == ALL
    fields = raw_fields(source, "air", "sea")
    air, months, issued = fields[:, 0], np.arange(60) % 12, batch.time.numpy()
    train = data.splits["train"].whole().issue_times
    assert (train[0], train[-1]) == (2, 33)
    normal = np.stack([air[:36][months[:36] == month].mean(axis=0) for month in range(12)])
    regressors = {t: np.concatenate([fields[t - 2 : t + 1].reshape(6, 64)]).T for t in [*train, *issued]}
    for h in (1, 2):
        last, later = (np.stack([air[t] - normal[t % 12] for t in steps]) for steps in (train, np.array(train) + h))
        share = (last * later).sum() / np.square(last).sum()
        expected = {
            "persistence": air[issued],
            "climatology": normal[(issued + h) % 12],
            "damped_persistence": normal[(issued + h) % 12] + share * (air[issued] - normal[issued % 12]),
            "seasonal_naive": air[issued + h - 12],
        }
        if "data.normalise=anomaly" not in overrides:  # else it sees the climatology too, by way of the anomalies
            matrix = np.concatenate([np.insert(regressors[t], 0, 1, axis=1) for t in train])
            wanted = np.concatenate([air[t + h].ravel() for t in train])
            slopes = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
            expected["linear"] = np.stack([np.insert(regressors[t], 0, 1, axis=1) @ slopes for t in issued])
        for name, field in expected.items():
            central = found[name].central[:, h - 1, 0]
            np.testing.assert_allclose(central, field.reshape(central.shape), atol=2e-3, err_msg=f"{name} at {h}")


def test_the_regression_on_anomalies_is_that_of_anomalies(source: Path) -> None:
    (plain, data), (relative, other) = (
        fitted(source, ["data.normalise=anomaly", f"data.relative_to={kind}"]) for kind in ("none", "last")
    )
    here, there = plain.forecast(whole(data, "test")), relative.forecast(whole(other, "test"))
    torch.testing.assert_close(here["linear"].central, there["linear"].central, rtol=0, atol=2e-3)
    truth = truth_of(data, whole(data, "test"))
    error = {name: float((truth - forecast.central).square().mean().sqrt()) for name, forecast in here.items()}
    assert error["linear"] < 0.7 * min(error[name] for name in ALL[:-1])  # the second wave runs two steps ahead


def test_of_a_first_order_autoregressive_field_the_powers_of_its_coefficient_are_left(tmp_path: Path) -> None:
    random, coefficient = np.random.default_rng(1), 0.7
    field = np.zeros((400, 8, 8))
    for step in range(1, 400):
        field[step] = coefficient * field[step - 1] + random.normal(size=(8, 8))
    path = write_grid(
        tmp_path / "a.nc", {"air": field, "sea": field}, times=np.arange("2001-01-01", 400, dtype="M8[D]")
    )
    baselines, data = fitted(path, ["data.horizons=[1,2,4]"])
    assert "seasonal_naive" not in baselines.names
    share = torch.tensor(baselines.fitted.share)[:, 0]
    torch.testing.assert_close(share, coefficient ** torch.tensor([1.0, 2.0, 4.0]), atol=0.04, rtol=0)
    torch.testing.assert_close(
        share, data.persisting_share()[:, 0], atol=1e-4, rtol=0
    )  # where nothing tells them apart
    found, truth = baselines.forecast(whole(data, "test")), truth_of(data, whole(data, "test"))
    rmse = {name: (truth - forecast.central).square().mean(dim=(0, 2, 3, 4)).sqrt() for name, forecast in found.items()}
    expected = ((1 - coefficient ** (2 * torch.tensor([1.0, 2.0, 4.0]))) / (1 - coefficient**2)).sqrt()
    for name in ("damped_persistence", "linear"):
        torch.testing.assert_close(rmse[name], expected, rtol=0.06, atol=0)


def test_only_the_training_part_is_fitted_to_but_for_the_calibration(source: Path, tmp_path: Path) -> None:
    air, sea = np.moveaxis(raw_fields(source, "air", "sea"), 1, 0).astype(np.float32)
    found = []
    for first_touched in (60, 51, 36):  # nothing, the test part, all but the training part
        fields = {"air": air.copy(), "sea": sea.copy()}
        for field in fields.values():
            field[first_touched:] += 7
        here = fitted(write_grid(tmp_path / f"{first_touched}.nc", fields, times=monthly(60)))[0].fitted
        found.append(replace(here, key=""))
    assert found[0] == found[1]
    assert replace(found[0], calibrations={}) == replace(found[2], calibrations={})
    assert found[0] != found[2]


def test_missing_values_count_nowhere_and_every_forecast_is_finite(tmp_path: Path) -> None:
    baselines, data = fitted(gappy_source(tmp_path))
    batch = whole(data, "train")
    found = baselines.forecast(batch)
    truth = truth_of(data, batch)
    for name, forecast in found.items():
        assert forecast.central.isfinite().all()
        assert forecast.quantiles is not None
        assert forecast.quantiles.isfinite().all()
        band = torch.tensor(baselines.fitted.bands[name])
        residual = (truth - forecast.central)[:, 0, 0][batch.valid[:, 0, 0]]
        if name == "seasonal_naive":  # its residuals are those where a year before is known
            continue
        expected = torch.quantile(residual, torch.tensor([0.1, 0.9]), interpolation="lower")
        torch.testing.assert_close(band[0, :, 0], expected, atol=0.02, rtol=0)
    seasonal = found["seasonal_naive"].central
    steps = batch.time[:, None] + torch.tensor([1, 2])
    assert torch.equal(seasonal[steps < 12], found["climatology"].central[steps < 12])
    air = torch.from_numpy(raw_fields(Path(tmp_path / "gappy.nc"), "air"))[:, :1].float()
    before = air[(steps - 12).clamp(min=0)]
    known = before.isfinite() & (steps >= 12)[..., None, None, None]
    assert known.any()
    torch.testing.assert_close(seasonal[known], before[known])


@pytest.mark.parametrize(
    "overrides",
    [
        ["data.coarsen={y: 2, x: 2}"],
        ["data.area_weights=cosine"],
        ["data.transform={air: log}"],
        ["data.patch={size: 4, overlap: 1}", "losses.laplacian.levels=1"],
        ["data.missing=forward", "data.calendar=[month]", "data.future=[sea, month]"],
    ],
    ids=" ".join,
)
def test_every_kind_of_data_has_baselines_in_units(source: Path, overrides: list[str]) -> None:
    baselines, data = fitted(source, overrides)
    batch = whole(data, "test")
    truth = truth_of(data, batch)
    for name, forecast in baselines.forecast(batch).items():
        assert forecast.central.shape == truth.shape
        assert float((truth - forecast.central).abs().mean()) < 5, name
        assert forecast.quantiles_raw is not None
        assert forecast.quantiles_raw.shape[2] == 2


def test_patches_change_what_the_network_sees_and_not_the_baselines(source: Path) -> None:
    # 32 patches hold as many cells as 8 fields, so that both take the same fields at a time, to the same bits
    patched = fitted(source, ["data.patch={size: 4, overlap: 1}", "data.batch_size=32"])[0]
    plain = fitted(source, ["data.batch_size=8"])[0]
    assert replace(patched.fitted, key="") == replace(plain.fitted, key="")
    assert patched.fitted.key != plain.fitted.key


def test_bands_hold_their_share_of_exchangeable_data_before_and_after_calibration(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    days = np.arange("2001-01-01", 500, dtype="M8[D]")
    fields = {name: random.normal(size=(500, 6, 6)).astype(np.float32) for name in ("air", "sea")}
    split = "data.split={train: 0.4, val: 0.1, calibration: 0.25, test: 0.25}"
    baselines, data = fitted(write_grid(tmp_path / "a.nc", fields, times=days), [split, FIVE])
    batch = whole(data, "test")
    truth = truth_of(data, batch).unsqueeze(2)
    levels = torch.tensor(baselines.fitted.levels)
    for forecast in baselines.forecast(batch).values():
        assert forecast.quantiles is not None
        assert forecast.quantiles_raw is not None
        for band in (forecast.quantiles, forecast.quantiles_raw):
            assert (band.diff(dim=2) >= 0).all()
            share = (truth <= band).float().mean(dim=(0, 3, 4, 5))
            torch.testing.assert_close(share, levels.expand_as(share), atol=0.03, rtol=0)


def test_without_levels_or_calibration_there_are_fewer_bands(source: Path) -> None:
    bare, data = fitted(source, ["quantiles=null"])
    forecast = bare.forecast(whole(data, "test"))["linear"]
    assert forecast.quantiles is None
    assert forecast.quantiles_raw is None
    raw, data = fitted(source, ["calibration=null"])
    forecast = raw.forecast(whole(data, "test"))["linear"]
    assert forecast.quantiles is not None
    assert forecast.quantiles is forecast.quantiles_raw


@pytest.mark.parametrize(("by", "scores"), [("[horizon, season]", "multiplicative"), ("[variable]", "additive")])
def test_bands_are_calibrated_on_the_terms_of_the_spec(source: Path, by: str, scores: str) -> None:
    baselines, data = fitted(source, [f"calibration.by={by}", f"calibration.scores={scores}"])
    batch = whole(data, "calibration")
    truth = truth_of(data, batch).unsqueeze(2)
    for name, forecast in baselines.forecast(batch).items():
        document = ConformalCalibration.from_json(baselines.fitted.calibrations[name])
        assert (f"[{', '.join(document.by)}]", document.scores) == (by, scores)
        assert forecast.quantiles is not None
        assert forecast.quantiles_raw is not None
        assert not torch.equal(forecast.quantiles, forecast.quantiles_raw)
        inside = (forecast.quantiles[:, :, :1] <= truth) & (truth <= forecast.quantiles[:, :, 1:])
        assert float(inside.float().mean()) >= 0.8  # of what they were calibrated on


def test_bands_are_calibrated_as_the_run_s_own_now_is(source: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    loaded, data = opened(source)
    raw = open_baselines(run, loaded, data).fitted
    assert raw.calibrations == {}
    seasonal = fitted(source, ["calibration.by=[season]"])[0].fitted.calibrations["linear"]
    own = replace(ConformalCalibration.from_json(seasonal), fitted_on="val")
    run.write(run.calibration, own.to_json())
    found = open_baselines(run, loaded, data).fitted
    assert replace(found, key="", by=(), calibrations={}) == replace(raw, key="")
    mine = ConformalCalibration.from_json(found.calibrations["linear"])
    assert (mine.by, mine.scores, mine.fitted_on) == (("season",), "additive", "val")
    run.write(run.calibration, replace(own, fitted_on="elsewhere.nc").to_json())
    mine = ConformalCalibration.from_json(open_baselines(run, loaded, data).fitted.calibrations["linear"])
    assert mine == ConformalCalibration.from_json(seasonal)


def test_a_run_keeps_its_baselines_until_the_data_is_another(source: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    loaded, data = opened(source)
    first = open_baselines(run, loaded, data)
    text = run.baselines.read_text(encoding="utf-8")
    document = json.loads(text)
    assert open_baselines(run, loaded, data).fitted == first.fitted
    assert first.fitted.to_json() == text
    for others in (opened(source, ["data.horizons=[1]"]), opened(source, [FIVE]), opened(gappy_source(tmp_path))):
        found = open_baselines(run, *others)
        assert found.fitted.key != first.fitted.key
        assert json.loads(run.baselines.read_text(encoding="utf-8"))["content"]["key"] == found.fitted.key
    moved = tiny_spec(source, ["data.batch_size=5", "data.memory=lazy"])
    again = open_baselines(RunFolder(tmp_path / "again"), moved, open_data(moved.spec.data, loaded=moved))
    assert again.fitted.key == first.fitted.key
    document["content"]["share"][0][0] += 1e-9
    for damaged in (json.dumps(document), text[:-20], "", "{}"):
        run.baselines.write_text(damaged, encoding="utf-8")
        with pytest.raises(CheckFailed, match=r"baselines\.json.*delete it to have it made anew"):
            open_baselines(run, loaded, data)

"""Pinball loss of the quantile forecasts."""

import numpy as np
import pytest
import torch
import xarray as xr
from scores.continuous import quantile_score
from support.loss_batches import LEVELS, batch

from stq.errors import SpecError
from stq.losses import Pinball
from stq.tensors import Forecast, Target


def test_it_is_the_mean_over_levels_of_the_quantile_score_in_scores():
    forecast, target = batch(2)
    dims = ["b", "h", "c", "y", "x"]
    truth = xr.DataArray(np.where(target.valid, target.values, np.nan), dims=dims)
    weight = xr.DataArray(target.weight.numpy(), dims=["b", "y", "x"])
    fields = forecast.quantiles.detach().numpy()
    expected = [
        float(quantile_score(xr.DataArray(fields[:, :, q], dims=dims), truth, level, weights=weight))
        for q, level in enumerate(LEVELS)
    ]
    assert Pinball()(forecast, target).item() == pytest.approx(np.mean(expected))


def test_its_minimiser_is_the_empirical_quantile():
    sample = torch.randn(1, 1, 1, 1, 999, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    target = Target(sample, torch.ones_like(sample, dtype=torch.bool))
    guesses = torch.linspace(-2, 2, 401, dtype=torch.float64)
    for level in (0.025, 0.5, 0.9):
        losses = [
            Pinball()(Forecast(sample, guess.expand(1, 1, 1, 1, 1, 999), (level,)), target).item() for guess in guesses
        ]
        assert guesses[int(np.argmin(losses))].item() == pytest.approx(np.quantile(sample, level), abs=0.02)


def test_levels_keep_their_digits_in_half_precision():
    forecast, target = batch(3, dtype=torch.float32)
    half = Forecast(forecast.central, forecast.quantiles.bfloat16(), (0.025, 0.5, 0.975))
    single = Forecast(forecast.central, half.quantiles.float(), (0.025, 0.5, 0.975))
    assert torch.equal(Pinball()(half, target), Pinball()(single, target))


def test_without_quantiles_it_says_what_to_do():
    forecast, target = batch(3)
    with pytest.raises(SpecError, match=r"(?s)the model forecasts none.*levels"):
        Pinball()(Forecast(forecast.central), target)

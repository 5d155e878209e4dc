"""The soft histogram, against its definition cell by cell, SciPy's distance, and the traps of hard bins."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from support.loss_batches import batch, context, ready

from stq.losses import Histogram
from stq.tensors import Forecast, Target

MINIMUM, MAXIMUM = (-1.5, -2.0), (2.5, 2.0)


def _contents(values, share, low, high, bins):
    """Mean over cells of the part of each bin that lies below the value; the end bins are open."""
    edges = np.linspace(low, high, bins + 1)
    inner = np.clip(values[:, None] - edges[:-1], 0, edges[1] - edges[0])
    parts = np.column_stack([np.minimum(values - low, 0), inner, np.maximum(values - high, 0)])
    return np.average(parts, axis=0, weights=share)


def test_it_follows_its_equation_cell_by_cell():
    forecast, target = batch(1)
    wide = Forecast(2 * forecast.central)  # well beyond the range of the training targets
    share = (target.weight[:, None, None] * target.valid).numpy()
    total = 0.0
    for field in np.ndindex(2, 2, 2):
        cells = share[field].ravel() > 0
        c, y, w = (a[field].ravel()[cells] for a in (wide.central.detach().numpy(), target.values.numpy(), share))
        low, high = MINIMUM[field[2]], MAXIMUM[field[2]]
        total += w.sum() * np.abs(_contents(c, w, low, high, 7) - _contents(y, w, low, high, 7)).sum()
    assert ready(Histogram, bins=7)(wide, target).item() == pytest.approx(total / share.sum())


def test_fine_bins_reach_scipys_earth_movers_distance_from_below():
    forecast, target = batch(2, (30, 30), missing=0.2)
    share = (target.weight[:, None, None] * target.valid).numpy().reshape(8, -1)
    c, y = forecast.central.detach().numpy().reshape(8, -1), target.values.numpy().reshape(8, -1)
    exact = [wasserstein_distance(*pair) for pair in zip(c, y, share, share, strict=True)]
    expected = np.average(exact, weights=share.sum(axis=1))
    found = []
    for bins in (4, 64, 1024):
        loss = Histogram(bins=bins)
        loss.setup(context(minimum=(-5.0, -5.0), maximum=(5.0, 5.0)))
        found.append(loss(forecast, target).item())
    assert found == sorted(found)
    assert found[-1] <= expected
    assert found[-1] == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("shift", [-100.0, -0.3, 0.004, 0.6, 50.0])
def test_moving_every_value_costs_the_way_it_was_moved(shift):
    _, target = batch(3)
    loss = ready(Histogram, bins=7)
    assert loss(Forecast(target.values + shift), target).item() == pytest.approx(abs(shift))


def test_the_place_of_values_within_a_field_does_not_matter():
    _, target = batch(4, missing=0, weighted=False)
    shuffled = target.values.flatten(3)[..., torch.randperm(99, generator=torch.Generator().manual_seed(0))]
    assert ready(Histogram)(Forecast(shuffled.view_as(target.values)), target).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1.9, -30.0, 1000.0])
def test_no_valid_cell_is_without_a_gradient_in_or_out_of_the_range(offset):
    forecast, target = batch(5)
    moved = Forecast((forecast.central + offset).detach().requires_grad_())
    (gradient,) = torch.autograd.grad(ready(Histogram)(moved, target), moved.central)
    assert (gradient[target.valid] != 0).all()


def test_following_the_gradient_restores_the_distribution():
    truth = torch.randn(1, 1, 1, 20, 20, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    target = Target(truth, torch.ones_like(truth, dtype=torch.bool))
    loss = Histogram(bins=16)
    loss.setup(context((20, 20), minimum=(-3.0,), maximum=(3.0,)))
    field = (0.3 * truth.flip(-1) + 5).requires_grad_()  # too narrow, and outside the range
    start = loss(Forecast(field), target).item()
    for _ in range(300):
        (gradient,) = torch.autograd.grad(loss(Forecast(field), target), field)
        field = (field - 8 * gradient).detach().requires_grad_()
    assert loss(Forecast(field), target).item() < 0.02 * start


def test_a_forecast_that_is_not_a_number_makes_the_loss_so_rather_than_failing():
    forecast, target = batch(7, missing=0)
    for bad in (torch.nan, torch.inf):
        central = forecast.central.detach().clone()
        central[0, 0, 0, 0, 0] = bad
        assert not ready(Histogram)(Forecast(central), target).isfinite()


def test_values_beyond_the_range_are_told_from_values_in_the_last_bin():
    truth = torch.full((1, 1, 1, 4, 4), 0.9, dtype=torch.float64)
    spread = truth + torch.tensor(
        [-0.1, 0.1, -0.3, 0.3], dtype=torch.float64
    )  # the same mean, a quarter of it beyond 1
    loss = Histogram(bins=2)
    loss.setup(context((4, 4), minimum=(0.0,), maximum=(1.0,)))
    target = Target(truth, torch.ones_like(truth, dtype=torch.bool))
    assert loss(Forecast(spread), target).item() == pytest.approx(0.05 + 0.05)  # 0.2 / 4 beyond, and missing below


def test_a_constant_variable_has_the_open_ends_left_and_costs_the_mean_absolute_error():
    _, target = batch(8)
    forecast, _ = batch(9)
    constant = Target(torch.full_like(target.values, 1.25), target.valid)
    loss = Histogram()
    loss.setup(context(minimum=(1.25, 1.25), maximum=(1.25, 1.25)))
    expected = (forecast.central - 1.25)[target.valid].abs().mean()
    found = loss(forecast, constant)
    assert found.item() == pytest.approx(expected.item())
    (gradient,) = torch.autograd.grad(found, forecast.central)
    torch.testing.assert_close(gradient.abs(), target.valid / target.valid.sum().double())

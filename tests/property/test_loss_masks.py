"""Missing cells, area and order, for each of the built-in losses on any batch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loss_batches import BUILTIN, LEVELS, batch, ready

from stq.tensors import Forecast, Target

few = settings(max_examples=8)
seeds = st.integers(0, 10_000)
sizes = st.tuples(st.integers(5, 12), st.integers(5, 12))
shares = st.sampled_from([0.0, 0.2, 0.6, 0.95, 2.0])
planted = st.sampled_from([torch.nan, torch.inf, -torch.inf, 1e30, -7.5])
each_loss = pytest.mark.parametrize("name", list(BUILTIN))


def _result(loss, forecast, target):
    """The loss and its gradient on both leaves, in one vector."""
    value = loss(forecast, target)
    leaves = [forecast.central, forecast.quantiles]
    found = torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
    return torch.cat([value[None], *(gradient.flatten() for gradient in found)])


def _close(one, other):
    return torch.allclose(one, other, rtol=1e-8, atol=1e-11)


@each_loss
@few
@given(seed=seeds, size=sizes, missing=shares, junk=planted)
def test_what_stands_in_missing_cells_reaches_nothing_nan_included(name, seed, size, missing, junk):
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing)
    expected = _result(loss, forecast, target)
    hidden = ~target.valid
    central = torch.where(hidden, junk, forecast.central).detach().requires_grad_()
    quantiles = torch.where(hidden[:, :, None], junk, forecast.quantiles).detach().requires_grad_()
    assert expected.isfinite().all()
    assert torch.equal(_result(loss, Forecast(central, quantiles, LEVELS), target), expected)


@each_loss
@few
@given(seed=seeds, size=sizes)
def test_without_a_valid_cell_the_loss_is_zero_with_a_graph_and_no_gradient(name, seed, size):
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing=2.0)
    assert loss(forecast, target).requires_grad
    assert (_result(loss, forecast, target) == 0).all()


@each_loss
@few
@given(seed=seeds, size=sizes, missing=shares, factor=st.sampled_from([1e-3, 0.5, 40.0]))
def test_only_the_proportions_of_area_matter(name, seed, size, missing, factor):
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing)
    scaled = Target(target.values, target.valid, target.weight * factor)
    assert _close(_result(loss, forecast, target), _result(loss, forecast, scaled))


@each_loss
@few
@given(seed=seeds, size=sizes, missing=shares)
def test_equal_areas_are_as_good_as_none(name, seed, size, missing):
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing, weighted=False)
    even = Target(target.values, target.valid, torch.ones_like(target.values[:, 0, 0]))
    assert _close(_result(loss, forecast, target), _result(loss, forecast, even))


@pytest.mark.parametrize("name", ["mse", "laplacian", "histogram", "pinball"])
@few
@given(seed=seeds, size=sizes, missing=st.sampled_from([0.0, 0.5]))
def test_a_cell_without_area_is_as_good_as_missing(name, seed, size, missing):
    """Not so ssim: its moments are those of the field as it is seen, and the area only weighs the windows."""
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing)
    gone = torch.zeros(size, dtype=torch.bool)
    gone[0] = True
    no_area = Target(target.values, target.valid, torch.where(gone, 0.0, target.weight))
    no_cell = Target(target.values, target.valid & ~gone, target.weight)
    assert _close(_result(loss, forecast, no_area), _result(loss, forecast, no_cell))


@each_loss
@few
@given(seed=seeds, size=sizes, missing=shares)
def test_a_perfect_forecast_costs_nothing_and_any_other_something(name, seed, size, missing):
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(seed, size, missing)
    perfect = Forecast(target.values, target.values[:, :, None].expand_as(forecast.quantiles), LEVELS)
    assert loss(perfect, target).item() == pytest.approx(0, abs=1e-12)
    assert loss(forecast, target) > 0 or not target.valid.any()


@each_loss
@few
@given(seed=seeds, missing=shares)
def test_mixed_precision_around_the_loss_changes_nothing_in_it(name, seed, missing):
    loss = ready(BUILTIN[name], dtype=torch.float32)
    forecast, target = batch(seed, missing=missing, dtype=torch.float32)
    expected = loss(forecast, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(forecast, target), expected)


@each_loss
@few
@given(seed=seeds, missing=shares)
def test_a_forecast_in_half_precision_is_scored_in_single(name, seed, missing):
    loss = ready(BUILTIN[name], dtype=torch.float32)
    forecast, target = batch(seed, missing=missing, dtype=torch.float32)
    half = Forecast(forecast.central.bfloat16(), forecast.quantiles.bfloat16(), LEVELS)
    single = Forecast(half.central.float(), half.quantiles.float(), LEVELS)
    assert torch.equal(loss(half, target), loss(single, target))
    assert loss(half, target).dtype == torch.float32

"""Gradients of the built-in losses: right by finite differences, and alive wherever the forecast stands."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loss_batches import BUILTIN, LEVELS, batch, ready

from stq.tensors import Forecast, Target

each_loss = pytest.mark.parametrize("name", list(BUILTIN))


@each_loss
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_every_entry_of_the_gradient_agrees_with_finite_differences(name, missing):
    size = (5, 6)
    loss = ready(BUILTIN[name], size)
    forecast, target = batch(7, size, missing)
    first = Target(target.values[:1, :1], target.valid[:1, :1], target.weight[:1])

    def value(central, quantiles):
        return loss(Forecast(central, quantiles, LEVELS), first)

    assert torch.autograd.gradcheck(value, (forecast.central[:1, :1], forecast.quantiles[:1, :1]))


@each_loss
@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000),
    missing=st.sampled_from([0.0, 0.5, 0.95]),
    offset=st.sampled_from([0.0, 3.0, -40.0, 1000.0]),
    spread=st.sampled_from([1e-3, 1.0, 30.0]),
)
def test_a_loss_has_a_gradient_however_far_off_the_forecast_is(name, seed, missing, offset, spread):
    loss = ready(BUILTIN[name])
    forecast, target = batch(seed, missing=missing)
    leaf = "quantiles" if name == "pinball" else "central"
    central = (offset + spread * forecast.central).detach().requires_grad_()
    quantiles = (offset + spread * forecast.quantiles).detach().requires_grad_()
    moved = Forecast(central, quantiles, LEVELS)
    (gradient,) = torch.autograd.grad(loss(moved, target), getattr(moved, leaf))
    valid = target.valid if leaf == "central" else target.valid[:, :, None].expand_as(gradient)
    assert gradient.isfinite().all()
    assert (gradient[valid] != 0).float().mean() > 0.8


@pytest.mark.parametrize("name", ["mse", "ssim", "laplacian", "histogram"])
def test_a_loss_of_the_central_forecast_does_not_look_at_quantiles(name):
    forecast, target = batch(1)
    loss = ready(BUILTIN[name])
    assert torch.equal(loss(forecast, target), loss(Forecast(forecast.central), target))
    (gradient,) = torch.autograd.grad(loss(forecast, target), forecast.quantiles, allow_unused=True)
    assert gradient is None

"""Anchored quantiles are in order for any weights and any input, rounding included."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stq.models import build_forecaster
from stq.models._anchored import anchored_quantiles, cumulative_widths, initial_maps

MAGNITUDES = st.sampled_from([1e-30, 1e-6, 1e-3, 1.0, 10.0, 1e3, 1e7, 1e30])


def fields(draw_seed: int, magnitude: float, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(draw_seed)) * magnitude


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**31),
    centre=MAGNITUDES,
    below=MAGNITUDES,
    above=MAGNITUDES,
    dtype=st.sampled_from(["32", "b16"]),
)
def test_anchored_quantiles_never_cross_whatever_the_maps(
    seed: int, centre: float, below: float, above: float, dtype: str
) -> None:
    kind = torch.float32 if dtype == "32" else torch.bfloat16
    middle = fields(seed, centre, 2, 3, 2, 4, 5).to(kind)
    lower, upper = anchored_quantiles(
        middle, fields(seed + 1, below, 2, 3, 2, 2, 4, 5).to(kind), fields(seed + 2, above, 2, 3, 3, 2, 4, 5).to(kind)
    )
    everything = torch.cat([lower, middle.unsqueeze(2), upper], dim=2)
    assert (everything[:, :, 1:] >= everything[:, :, :-1]).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), magnitude=MAGNITUDES)
def test_widths_never_shrink_with_the_horizon_or_outward(seed: int, magnitude: float) -> None:
    widths = cumulative_widths(fields(seed, magnitude, 2, 4, 3, 1, 4, 5))
    assert (widths >= 0).all()
    assert (widths[:, 1:] >= widths[:, :-1]).all()
    assert (widths[:, :, 1:] >= widths[:, :, :-1]).all()


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    weights=st.sampled_from([0.0, 1e-3, 1.0, 1e2, 1e5]),
    inputs=st.sampled_from([0.0, 1e-3, 1.0, 1e3, 1e6]),
    levels=st.sampled_from(
        [(0.025, 0.975), (0.1,), (0.5,), (0.9,), (0.2, 0.9), (0.05, 0.3, 0.5, 0.6, 0.9), (0.01, 0.02, 0.98, 0.99)]
    ),
)
def test_a_forecast_is_in_order_with_any_weights_and_inputs(
    seed: int, weights: float, inputs: float, levels: tuple[float, ...]
) -> None:
    model = build_forecaster(
        channels=2,
        variables=1,
        horizons=3,
        levels=levels,
        hidden=[3],
        kernel=3,
        dropout=0.0,
        head_hidden=2,
        residual=True,
        location_degree=None,
        order="anchored",
        seed=0,
    )
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(fields(seed + i, weights, *p.shape))
        x = fields(seed - 1, inputs, 2, 2, 2, 4, 5)
        forecast = model(x, x[:, -1, :1], torch.zeros(2, 2, 4, 5))
    quantiles = forecast.quantiles
    assert quantiles is not None
    assert quantiles.isfinite().all()
    assert (quantiles[:, :, 1:] >= quantiles[:, :, :-1]).all()
    below = [level for level in levels if level < 0.5]
    centre = quantiles[:, :, levels.index(0.5)] if 0.5 in levels else forecast.central
    assert (quantiles[:, :, : len(below)] <= centre.unsqueeze(2)).all()
    width = quantiles[:, :, -1] - quantiles[:, :, 0]
    rounding = quantiles.abs().amax(dim=(1, 2)).unsqueeze(1) * 2.0**-22
    if len(below) < len(levels):
        assert (width[:, 1:] >= width[:, :-1] - rounding).all()


@settings(max_examples=30)
@given(levels=st.lists(st.floats(0.501, 0.999), min_size=1, max_size=6, unique=True), horizon=st.integers(0, 3))
def test_initial_widths_are_those_of_a_gaussian(levels: list[float], horizon: int) -> None:
    levels = sorted(levels)
    steps = torch.nn.functional.softplus(torch.tensor(initial_maps(levels, horizon), dtype=torch.float64))
    widths = steps.cumsum(0)
    share = 0.5 if horizon == 0 else 0.5 / 8
    exact = torch.distributions.Normal(0.0, share).icdf(torch.tensor(levels, dtype=torch.float64))
    assert (widths >= exact - 1e-9).all()
    assert (widths <= exact + 0.01 * len(levels) + 1e-9).all()

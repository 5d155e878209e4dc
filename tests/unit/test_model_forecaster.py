"""The whole network: shapes, names, what depends on what, and what it draws."""

from fnmatch import fnmatchcase

import pytest
import torch
from torch import Tensor, nn

from stq.errors import UsageError
from stq.models import Forecaster, Order, build_forecaster
from stq.tensors import Forecast

LEVEL_SETS: list[tuple[float, ...]] = [
    (),
    (0.5,),
    (0.1,),
    (0.9,),
    (0.025, 0.975),
    (0.025, 0.5, 0.975),
    (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975),
]
ORDERS: list[Order] = ["independent", "anchored"]


def build(
    levels: tuple[float, ...] = (0.025, 0.975),
    order: Order = "anchored",
    *,
    residual: bool = True,
    share: torch.Tensor | None = None,
    location_degree: int | None = None,
    head_hidden: int | None = 4,
    dropout: float = 0.0,
    seed: int = 7,
) -> Forecaster:
    return build_forecaster(
        channels=3,
        variables=2,
        horizons=3,
        levels=levels,
        hidden=[5, 6],
        kernel=3,
        dropout=dropout,
        head_hidden=head_hidden,
        residual=residual,
        share=share,
        location_degree=location_degree,
        order=order,
        seed=seed,
    )


def batch() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(2, 4, 3, 6, 7, generator=generator)
    location = torch.rand(2, 2, 6, 7, generator=generator) * 90
    return inputs, inputs[:, -1, :2].clone(), location


def quantiles_of(forecast: Forecast) -> Tensor:
    assert forecast.quantiles is not None
    return forecast.quantiles


def gradients(model: nn.Module, value: Tensor) -> dict[str, float]:
    """The norm of the gradient of `value` in each top-level part that is in its graph at all."""
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(value, list(parameters.values()), allow_unused=True, retain_graph=True)
    norms: dict[str, float] = {}
    for name, gradient in zip(parameters, found, strict=True):
        if gradient is not None:
            part = name.partition(".")[0]
            norms[part] = norms.get(part, 0.0) + gradient.norm().item()
    return norms


def reached(model: nn.Module, value: Tensor) -> set[str]:
    """Top-level parts that `value` changes with."""
    return {part for part, norm in gradients(model, value).items() if norm > 0}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("levels", LEVEL_SETS)
def test_a_forecast_has_a_field_for_each_horizon_and_level(levels: tuple[float, ...], order: Order) -> None:
    forecast = build(levels, order)(*batch())
    assert forecast.central.shape == (2, 3, 2, 6, 7)
    assert forecast.levels == levels
    if levels:
        assert quantiles_of(forecast).shape == (2, 3, len(levels), 2, 6, 7)
    else:
        assert forecast.quantiles is None


@pytest.mark.parametrize("location_degree", [None, 2])
@pytest.mark.parametrize("head_hidden", [None, 4])
@pytest.mark.parametrize("levels", LEVEL_SETS)
def test_every_parameter_is_in_exactly_one_group_and_every_pattern_matches(
    levels: tuple[float, ...], head_hidden: int | None, location_degree: int | None
) -> None:
    model = build(levels, head_hidden=head_hidden, location_degree=location_degree)
    groups = model.groups()
    assert set(groups) == {"backbone", "central"} | ({"quantiles"} if levels else set())
    assert ("location_encoder.*" in groups["backbone"]) == (location_degree is not None)
    names = [name for name, _ in model.named_parameters()]
    patterns = [pattern for group in groups.values() for pattern in group]
    assert all(sum(fnmatchcase(name, pattern) for pattern in patterns) == 1 for name in names)
    assert all(any(fnmatchcase(name, pattern) for name in names) for pattern in patterns)


def test_parts_have_the_names_that_specs_and_tables_use() -> None:
    names = {name for name, _ in build((0.025, 0.5, 0.975), location_degree=1).named_parameters()}
    assert {name.partition(".")[0] for name in names} == {
        "convlstm",
        "location_encoder",
        "central_heads",
        "lower_heads",
        "median_heads",
        "upper_heads",
    }
    assert {"convlstm.cells.0.gates.weight", "central_heads.2.output.weight", "lower_heads.0.hidden.0.bias"} <= names


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("levels", LEVEL_SETS)
def test_the_central_forecast_is_the_same_bit_for_bit_whatever_quantiles_there_are(
    levels: tuple[float, ...], order: Order
) -> None:
    bare, full = build(()), build(levels, order)
    weights = full.state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in bare.state_dict().items())
    centrals, central_gradients = [], []
    for model in (build((), dropout=0.4), build(levels, order, dropout=0.4)):
        torch.manual_seed(11)
        central = model(*batch()).central
        central.square().mean().backward()
        centrals.append(central)
        central_gradients.append(
            [p.grad for name, p in model.named_parameters() if name.startswith(("conv", "central"))]
        )
    assert torch.equal(*centrals)
    assert all(torch.equal(a, b) for a, b in zip(*central_gradients, strict=True))


def test_quantile_heads_leave_the_generator_as_the_central_forecast_does() -> None:
    after = []
    for levels in ((), (0.1, 0.5, 0.9)):
        model = build(levels, dropout=0.4)
        torch.manual_seed(11)
        model(*batch())
        after.append(torch.rand(3))
    assert torch.equal(*after)


def test_a_head_keeps_its_initial_weights_when_levels_are_added_on_the_other_side() -> None:
    one, both = build((0.9,)).state_dict(), build((0.1, 0.9)).state_dict()
    assert all(torch.equal(both[name], weight) for name, weight in one.items())


def test_another_seed_gives_other_weights_and_no_two_heads_are_alike() -> None:
    weights, others = (build((0.1, 0.5, 0.9), "independent", seed=seed).state_dict() for seed in (7, 8))
    drawn = [name for name in weights if name.endswith("output.weight")]
    assert not any(torch.equal(weights[name], others[name]) for name in drawn)
    assert not any(torch.equal(weights[a], weights[b]) for i, a in enumerate(drawn) for b in drawn[:i])


def test_building_leaves_the_callers_generator_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    build((0.1, 0.5, 0.9), location_degree=1)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("order", ORDERS)
def test_no_weight_starts_at_zero_and_every_parameter_learns(order: Order) -> None:
    model = build((0.1, 0.25, 0.5, 0.9), order, location_degree=2)
    assert all((weight != 0).any() for weight in model.parameters())
    forecast = model(*batch())
    truth = torch.randn(2, 3, 2, 6, 7, generator=torch.Generator().manual_seed(2))
    ((forecast.central - truth).square().mean() + pinball(forecast, truth)).backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in model.parameters())


def pinball(forecast: Forecast, truth: Tensor) -> Tensor:
    error = truth.unsqueeze(2) - quantiles_of(forecast)
    tau = torch.tensor(forecast.levels).view(-1, 1, 1, 1)
    return torch.maximum(tau * error, (tau - 1) * error).mean()


@pytest.mark.parametrize("levels", [levels for levels in LEVEL_SETS if levels])
@pytest.mark.parametrize("order", ORDERS)
def test_quantiles_reach_the_backbone_and_never_the_central_heads(levels: tuple[float, ...], order: Order) -> None:
    model = build(levels, order, location_degree=2)
    parts = gradients(model, pinball(model(*batch()), torch.zeros(2, 3, 2, 6, 7)))
    own = {f"{side}_heads" for side, there in sides(levels).items() if there}
    assert set(parts) == {"convlstm", "location_encoder"} | own  # the central heads aren't even in the graph
    assert all(norm > 0 for norm in parts.values())


def sides(levels: tuple[float, ...]) -> dict[str, bool]:
    return {"lower": min(levels) < 0.5, "median": 0.5 in levels, "upper": max(levels) > 0.5}


def test_the_anchored_median_is_fitted_by_its_own_level_alone() -> None:
    model = build((0.1, 0.5, 0.9))
    quantiles = quantiles_of(model(*batch()))
    assert reached(model, quantiles[:, :, 0].sum()) == {"convlstm", "lower_heads"}
    assert reached(model, quantiles[:, :, 1].sum()) == {"convlstm", "median_heads"}
    assert reached(model, quantiles[:, :, 2].sum()) == {"convlstm", "upper_heads"}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("levels", [(0.025, 0.975), (0.1, 0.5, 0.9)])
def test_a_residual_head_adds_the_base(levels: tuple[float, ...], order: Order) -> None:
    plain, residual = build(levels, order, residual=False), build(levels, order, residual=True)
    inputs, base, location = batch()
    change, forecast = plain(inputs, base, location), residual(inputs, base, location)
    torch.testing.assert_close(forecast.central, change.central + base[:, None])
    torch.testing.assert_close(quantiles_of(forecast), quantiles_of(change) + base[:, None, None])


def test_a_residual_head_adds_the_given_share_of_the_base_of_each_horizon_and_variable() -> None:
    share = torch.tensor([[1.0, 0.5], [0.25, 0.0], [0.5, 0.75]])
    inputs, base, location = batch()
    change = build(residual=False)(inputs, base, location).central
    forecast = build(residual=True, share=share)(inputs, base, location).central
    torch.testing.assert_close(forecast, change + share[None, :, :, None, None] * base[:, None])


def test_the_share_is_kept_with_the_weights_and_moved_by_no_loss() -> None:
    model = build((0.1, 0.5, 0.9), "independent", share=torch.full((3, 2), 0.5))
    assert not [name for name, _ in model.named_parameters() if name.endswith("share")]
    assert [name for name in model.state_dict() if name.startswith("central_heads.0.share")] == [
        "central_heads.0.share"
    ]


def test_anchored_quantile_heads_have_the_base_from_the_central_forecast_alone() -> None:
    names = {name for name, _ in build((0.1, 0.5, 0.9), "anchored").named_buffers() if name.endswith("share")}
    assert names == {f"central_heads.{h}.share" for h in range(3)}
    names = {name for name, _ in build((0.1, 0.5, 0.9), "independent").named_buffers() if name.endswith("share")}
    assert len(names) == 12
    assert not [name for name, _ in build(residual=False).named_buffers() if name.endswith("share")]


def test_without_residual_the_base_is_not_read() -> None:
    model = build(residual=False)
    inputs, base, location = batch()
    assert torch.equal(model(inputs, base, location).central, model(inputs, base * 9, location).central)


def test_the_location_changes_the_forecast_where_there_is_an_encoder() -> None:
    inputs, base, location = batch()
    for degree, same in ((None, True), (3, False)):
        model = build(location_degree=degree)
        assert torch.equal(model(inputs, base, location).central, model(inputs, base, location + 30).central) == same


def test_a_new_anchored_band_starts_near_one_deviation_and_grows_with_the_horizon() -> None:
    forecast = build((0.025, 0.25, 0.75, 0.975))(*batch())
    distances = (quantiles_of(forecast) - forecast.central.unsqueeze(2)).abs().mean(dim=(0, 3, 4, 5))
    expected = torch.tensor([0.98, 0.337, 0.337, 0.98])
    assert ((distances[0] - expected).abs() < 0.15).all()
    assert ((distances.diff(dim=0) - expected / 8).abs() < 0.05).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"horizons": 0}, "at least one horizon"),
        ({"hidden": []}, "at least one layer"),
        ({"kernel": 4}, "odd"),
        ({"levels": (0.9, 0.1)}, "ascend"),
        ({"levels": (0.1, 0.1)}, "ascend"),
        ({"levels": (0.1, 1.0)}, "ascend"),
    ],
)
def test_sizes_that_make_no_network_are_refused(wrong: dict[str, object], message: str) -> None:
    right: dict[str, object] = {
        "channels": 2,
        "variables": 1,
        "horizons": 1,
        "levels": (),
        "hidden": [2],
        "kernel": 3,
        "dropout": 0.0,
        "head_hidden": None,
        "residual": False,
        "location_degree": None,
        "order": "independent",
        "seed": 0,
    }
    with pytest.raises(UsageError, match=message):
        build_forecaster(**(right | wrong))

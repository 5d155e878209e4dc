"""What the engines leave in `.grad`: the permitted share, and not a trace of anything else."""

from collections import Counter

import pytest
import torch
from support.routed_nets import ROUTES, BandNet, adamw, band_plan, fields, gradients, momentum, same_bits, state
from torch import Tensor

from stq.routing import ENGINES, Groups, Plan, Route, plan_routes

ISOLATING = ["pruned", "save-restore"]
CENTRAL = ("backbone", "central")


def routed(engine: str, plan: Plan, losses: dict[str, Tensor], scale: float = 1.0) -> None:
    """Run an engine by name."""
    ENGINES[engine](plan, losses, torch.tensor(scale))


def engine_gradients(engine: str, change: dict[str, float] | None = None, scale: float = 1.0) -> dict[str, Tensor]:
    """Gradients of a fresh net, after multiplying the losses named in `change`."""
    net = BandNet()
    torch.manual_seed(1)
    losses = net.losses(*fields())
    for name, factor in (change or {}).items():
        losses[name] = losses[name] * factor
    routed(engine, band_plan(net), losses, scale)
    return gradients(net)


def part(found: dict[str, Tensor], *prefixes: str) -> dict[str, Tensor]:
    """The entries below the given prefixes."""
    return {name: value for name, value in found.items() if name.startswith(prefixes)}


@pytest.mark.parametrize("engine", ISOLATING)
@pytest.mark.parametrize("factor", [0.0, -3.0, 1e30, float("inf"), float("nan")])
def test_a_blocked_loss_changes_no_bit_elsewhere(engine: str, factor: float) -> None:
    before, after = engine_gradients(engine), engine_gradients(engine, {"pinball": factor})
    assert same_bits(part(before, *CENTRAL), part(after, *CENTRAL))
    assert not same_bits(part(before, "quantiles"), part(after, "quantiles"))


@pytest.mark.parametrize("engine", ISOLATING)
def test_the_quantile_heads_do_not_see_a_central_loss_either(engine: str) -> None:
    before, after = engine_gradients(engine), engine_gradients(engine, {"mse": float("nan"), "edges": 7.0})
    assert same_bits(part(before, "quantiles"), part(after, "quantiles"))
    assert not same_bits(part(before, *CENTRAL), part(after, *CENTRAL))


def test_joint_lets_a_nan_of_the_quantile_loss_into_the_backbone() -> None:
    spoilt = part(engine_gradients("joint", {"pinball": float("nan")}), "backbone")
    assert all(gradient.isnan().all() for gradient in spoilt.values())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scale", [0.25, 65536.0])
def test_the_scale_multiplies_every_gradient(engine: str, scale: float) -> None:
    once, scaled = engine_gradients(engine), engine_gradients(engine, scale=scale)
    assert same_bits({name: scale * gradient for name, gradient in once.items()}, scaled)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_second_backward_adds_to_the_first(engine: str) -> None:
    net = BandNet(dropout=0.0)
    plan = band_plan(net)
    for _ in range(2):
        routed(engine, plan, net.losses(*fields()))
    twice = gradients(net)
    net.zero_grad()
    routed(engine, plan, net.losses(*fields()))
    assert same_bits({name: 2 * gradient for name, gradient in gradients(net).items()}, twice)


@pytest.mark.parametrize("engine", ISOLATING)
def test_gradients_of_other_losses_survive_a_loss_that_is_seeded_alone(engine: str) -> None:
    """Saving must put back what was there, not only clear what was not."""
    net = BandNet(dropout=0.0)
    plan = band_plan(net)
    routed(engine, plan, {"mse": net.losses(*fields())["mse"]})
    before = gradients(net)
    routed(engine, plan, {"pinball": net.losses(*fields())["pinball"]})
    assert same_bits(part(gradients(net), *CENTRAL), part(before, *CENTRAL))
    assert set(part(before, "quantiles").values()) == {None}


@pytest.mark.parametrize("optimiser", [adamw, momentum])
@pytest.mark.parametrize("engine", ISOLATING)
def test_what_only_blocked_losses_reach_does_not_move(engine: str, optimiser: object) -> None:
    """Weight decay and momentum move a parameter whose gradient is zero, and not one whose gradient is None."""
    net = BandNet()
    steps = optimiser(net.parameters())
    for _ in range(3):
        steps.zero_grad()
        routed(engine, band_plan(net), {"pinball": net.losses(*fields())["pinball"]})
        steps.step()
    assert set(part(gradients(net), *CENTRAL).values()) == {None}
    assert same_bits(state(net, *CENTRAL), state(BandNet(), *CENTRAL))
    assert not same_bits(state(net, "quantiles"), state(BandNet(), "quantiles"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_route_of_weight_zero_leaves_none(engine: str) -> None:
    net = BandNet()
    both = {"backbone": 1.0, "central": 1.0, "quantiles": 1.0}
    plan = band_plan(net, {**ROUTES, "pinball": Route(0.0, both), "mse": Route(1.0, both)})
    losses = net.losses(*fields())
    routed(engine, plan, {"pinball": losses["pinball"]})
    assert set(gradients(net).values()) == {None}


@pytest.mark.parametrize("engine", ISOLATING)
def test_a_factor_of_zero_leaves_none(engine: str) -> None:
    net = BandNet()
    plan = band_plan(net, {**ROUTES, "pinball": Route(1.0, {"quantiles": 1.0, "backbone": 0.0})})
    assert plan.passes == 2
    routed(engine, plan, {"pinball": net.losses(*fields())["pinball"]})
    assert set(part(gradients(net), "backbone").values()) == {None}


@pytest.mark.parametrize("engine", ISOLATING)
def test_a_frozen_group_stays_out_even_when_something_thaws_it(engine: str) -> None:
    net = BandNet()
    plan = band_plan(net, freeze=["backbone"])
    net.requires_grad_(True)  # as some finetuning callbacks do
    routed(engine, plan, net.losses(*fields()))
    assert set(part(gradients(net), "backbone").values()) == {None}


def test_pruned_touches_each_parameter_once_a_step() -> None:
    """Distributed reduction counts on it. The original recipe touches some twice, and is for one process only."""
    touched: dict[str, Counter[str]] = {}
    for engine in ISOLATING:
        net = BandNet()
        count = touched[engine] = Counter()
        for name, parameter in net.named_parameters():
            parameter.register_post_accumulate_grad_hook(lambda _, name=name, count=count: count.update([name]))
        routed(engine, band_plan(net), net.losses(*fields()))
    assert touched["pruned"] == Counter([name for name, _ in BandNet().named_parameters()])
    assert max(touched["save-restore"].values()) > 1


@pytest.mark.parametrize("engine", ISOLATING)
def test_a_loss_that_is_made_of_another_counts_both(engine: str) -> None:
    """d(a * l + b * l**2)/dp, with l and l**2 routed as two losses of one graph."""
    weight = torch.nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    net = torch.nn.Module()
    net.register_parameter("weight", weight)
    plan = plan_routes(
        Groups.of(net, {"all": ["*"]}), {"plain": Route(3.0, {"all": 1.0}), "square": Route(0.5, {"all": 0.2})}
    )
    plain = weight.sum()
    routed(engine, plan, {"plain": plain, "square": plain**2}, scale=10.0)
    expected = 10 * (3.0 + 0.5 * 0.2 * 2 * plain.item())
    torch.testing.assert_close(weight.grad, torch.full((2,), expected, dtype=torch.float64))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_graph_is_freed_unless_it_is_retained(engine: str) -> None:
    net = BandNet()
    plan, losses = band_plan(net), net.losses(*fields())
    ENGINES[engine](plan, losses, torch.tensor(1.0), retain_graph=True)
    routed(engine, plan, losses)
    with pytest.raises(RuntimeError, match="second time"):
        routed(engine, plan, losses)

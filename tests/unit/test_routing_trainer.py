"""The three engines through a real `Trainer.fit` under automatic optimisation."""

import copy

import pytest
import torch
from support.routed_nets import (
    PATTERNS,
    ROUTES,
    BandNet,
    adamw,
    band_plan,
    fields,
    fit,
    gradients,
    momentum,
    same_bits,
    state,
    train,
)

from stq.routing import Audit, Engine, Plan, Route, Router, Step, audit_step

CENTRAL = ("backbone", "central")
MANNERS = {
    "plain": {},
    "accumulating": {"accumulate": 2},
    "clipping": {"clip": 0.05},
    "momentum": {"optimiser": momentum},
    "scaled": {"scale_loss": 0.37},
    "all at once": {"accumulate": 2, "clip": 0.05, "scale_loss": 0.37, "epochs": 3},
}


@pytest.mark.parametrize("manner", MANNERS)
def test_pruned_equals_the_original_recipe_bit_for_bit(manner: str) -> None:
    pruned, original = (fit(engine, **MANNERS[manner]) for engine in ("pruned", "save-restore"))
    assert same_bits(state(pruned.net), state(original.net))
    assert not same_bits(state(pruned.net), state(BandNet()))
    assert pruned.clipped == original.clipped
    assert (pruned.clipped > 0) == ("clip" in MANNERS[manner])


@pytest.mark.parametrize("manner", MANNERS)
def test_joint_training_gives_another_backbone(manner: str) -> None:
    routed, joint = (fit(engine, **MANNERS[manner]) for engine in ("pruned", "joint"))
    assert not same_bits(state(routed.net, "backbone"), state(joint.net, "backbone"))


def test_one_group_and_all_losses_train_as_joint_does() -> None:
    everything = {"all": ["*"]}
    routes = {name: Route(route.weight, {"all": 1.0}) for name, route in ROUTES.items()}
    routed, joint = (fit(engine, patterns=everything, routes=routes) for engine in ("pruned", "joint"))
    assert same_bits(state(routed.net), state(joint.net))


def test_accumulation_takes_the_mean_over_its_batches() -> None:
    """Two batches of 2 accumulated are one batch of 4, where the losses are means and nothing is dropped out."""
    accumulated = fit(net=BandNet(dropout=0.0), accumulate=2, epochs=1, optimiser=momentum)
    net = BandNet(dropout=0.0)
    router, optimiser = Router(band_plan(net)), momentum(net.parameters())
    inputs, truth = fields()
    for part in (slice(0, 4), slice(4, 8)):
        optimiser.zero_grad()
        router.backward(router.total(net.losses(inputs[part], truth[part])))
        optimiser.step()
    for name, value in net.named_parameters():
        torch.testing.assert_close(value, accumulated.net.get_parameter(name), rtol=1e-5, atol=1e-7)


SIDES = {
    "five heads": {"net": {"quantile_heads": 5}},
    "another weight": {"routes": {**ROUTES, "pinball": Route(100.0, {"quantiles": 1.0})}},
    "frozen heads": {"freeze": ["quantiles"]},
    "no heads": {
        "net": {"quantile_heads": 0},
        "patterns": {name: PATTERNS[name] for name in CENTRAL},
        "routes": {name: ROUTES[name] for name in ("mse", "edges")},
    },
}


@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("clip", [None, 0.05])
def test_the_central_forecast_is_the_same_whatever_the_quantile_side(
    side: str, engine: str, clip: float | None
) -> None:
    changed = dict(SIDES[side])
    reference = fit(engine, clip=clip)
    other = fit(engine, clip=clip, net=BandNet(**changed.pop("net", {})), **changed)
    assert same_bits(state(other.net, *CENTRAL), state(reference.net, *CENTRAL))


def test_joint_training_breaks_that_promise() -> None:
    reference, other = fit("joint"), fit("joint", routes=SIDES["another weight"]["routes"])
    assert not same_bits(state(other.net, *CENTRAL), state(reference.net, *CENTRAL))


@pytest.mark.parametrize("optimiser", [adamw, momentum])
@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
def test_a_frozen_group_does_not_move_at_all(engine: str, optimiser: object) -> None:
    module = fit(engine, freeze=["backbone"], optimiser=optimiser)
    assert same_bits(state(module.net, "backbone"), state(BandNet(), "backbone"))
    assert all(p.grad is None for p in module.net.backbone.parameters())
    assert not same_bits(state(module.net, "central"), state(BandNet(), "central"))


@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
def test_a_group_frozen_in_the_middle_stops_in_spite_of_its_momentum(engine: str) -> None:
    net = BandNet()
    optimiser = momentum(net.parameters())
    train(Router(band_plan(net), engine), net, optimiser)
    before = state(net)
    train(Router(band_plan(net, freeze=["central"]), engine), net, optimiser)
    assert same_bits(state(net, "central"), {name: before[name] for name in state(net, "central")})
    assert not same_bits(state(net, "backbone"), {name: before[name] for name in state(net, "backbone")})


@pytest.mark.parametrize("engine", ["pruned", "save-restore", "joint"])
def test_an_audit_in_the_middle_of_a_fit_changes_no_bit_of_it(engine: str) -> None:
    found: list[Audit] = []

    def look(plan: Plan, step: Step, engine: Engine) -> bool:
        found.append(audit_step(plan, step, engine))
        return True

    undisturbed, audited = fit(engine, accumulate=2), fit(engine, accumulate=2, probe=look)
    assert same_bits(state(audited.net), state(undisturbed.net))
    assert len(found) == 8
    assert {audit.verdict for audit in found} == {"leak" if engine == "joint" else "pass"}


def test_a_probe_that_says_stop_ends_the_step_before_its_backward() -> None:
    net = BandNet()
    router = Router(band_plan(net))
    router.probe = lambda plan, step, engine: False
    router.backward(router.total(net.losses(*fields())))
    assert set(gradients(net).values()) == {None}


def test_a_deep_copied_module_routes_its_own_parameters() -> None:
    """What averaging callbacks do: the copy has parameters of its own, and so must its plan."""
    module = fit()
    twin = copy.deepcopy(module)
    before = gradients(module.net)
    twin.zero_grad()
    twin.backward(twin.training_step(fields(), 0))
    assert all(gradient is not None for gradient in gradients(twin.net).values())
    assert same_bits(gradients(module.net), before)

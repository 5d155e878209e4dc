"""The audit: every kind of fault is found and named, and correct set-ups raise no alarm."""

from collections.abc import Callable, Mapping

import pytest
import torch
from support.faulty_engines import ENGINES_WITH_FAULTS, FROZEN_FAULTS
from support.routed_nets import (
    ROUTES,
    SOFT,
    BandNet,
    Gradients,
    adamw,
    band_plan,
    fields,
    gradients,
    same_bits,
    state,
    weighted,
)
from support.sound_steps import Shared, flat, hard, step_of
from torch import Tensor, nn

from stq.routing import (
    ENGINES,
    Audit,
    Cell,
    Engine,
    Groups,
    Plan,
    Route,
    Router,
    audit_step,
    joint,
    plan_routes,
    pruned,
)

DROPPING_A_LOSS = ENGINES_WITH_FAULTS["drops a loss"][0]
MOVING_WHAT_IS_FROZEN = FROZEN_FAULTS["moves what is frozen"][0]


def audited(
    engine: Engine = pruned,
    routes: Mapping[str, Route] = ROUTES,
    change: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
    freeze: tuple[str, ...] = (),
) -> Audit:
    """The audit of one step of the band net, after `change` was applied to its losses."""
    net = BandNet()
    plan = band_plan(net, routes, freeze=freeze)
    losses = net.losses(*fields())
    return audit_step(plan, step_of({**losses, **{k: f(losses[k]) for k, f in (change or {}).items()}}), engine)


def cell(audit: Audit, loss: str, group: str) -> Cell:
    """One cell of the matrix."""
    (found,) = [cell for cell in audit.cells if (cell.loss, cell.group) == (loss, group)]
    return found


# what each verdict means


@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
def test_the_reference_table_passes(engine: str) -> None:
    audit = audited(ENGINES[engine])
    assert audit.verdict == "pass"
    assert audit.problems == ()
    assert audit.passes == 2
    assert audit.reference == {"pruned": "save-restore", "save-restore": "pruned"}[engine]
    assert audit.reference_difference == 0.0
    assert audit.sum_difference == 0.0
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in audit.cells}
    assert verdicts == {
        ("mse", "backbone"): "ok",
        ("mse", "central"): "ok",
        ("mse", "quantiles"): "none",
        ("edges", "backbone"): "ok",
        ("edges", "central"): "ok",
        ("edges", "quantiles"): "none",
        ("pinball", "backbone"): "blocked",
        ("pinball", "central"): "none",
        ("pinball", "quantiles"): "ok",
    }


def test_a_blocked_gradient_is_there_and_is_not_applied() -> None:
    found = cell(audited(), "pinball", "backbone")
    assert found.raw_norm > 0
    assert found.applied_norm == 0.0
    assert found.allowed == 0.0


def test_norms_include_the_weight_and_are_those_of_autograd() -> None:
    net = BandNet()
    torch.manual_seed(3)
    losses = net.losses(*fields())
    audit = audit_step(band_plan(net), step_of(losses), pruned)
    found = torch.autograd.grad(0.3 * losses["edges"], list(net.backbone.parameters()))
    expected = torch.cat([g.flatten() for g in found]).norm().item()
    edges = cell(audit, "edges", "backbone")
    assert edges.raw_norm == pytest.approx(expected, rel=1e-5)
    assert edges.applied_norm == pytest.approx(expected, rel=1e-5)


def test_a_soft_route_applies_its_factor() -> None:
    found = cell(audited(routes=SOFT), "pinball", "backbone")
    assert found.verdict == "ok"
    assert found.allowed == 0.05
    assert found.applied_norm == pytest.approx(0.05 * found.raw_norm, rel=1e-5)


def test_the_norm_of_a_module_is_that_of_its_own_parameters() -> None:
    audit = audited()
    module = next(row for row in audit.modules if row.module == "backbone.3")
    assert module.group == "backbone"
    assert module.norms["pinball"] == 0.0
    assert module.norms["mse"] > 0
    assert 0 < module.total <= (module.norms["mse"] + module.norms["edges"]) * 1.0001
    owners = {name.rpartition(".")[0] for name, _ in BandNet().named_parameters()}
    assert {row.module for row in audit.modules} == owners


def test_conflict_is_measured_for_losses_that_reach_a_group_or_would() -> None:
    found = {(conflict.group, conflict.losses): conflict.cosine for conflict in audited().conflicts}
    assert found.keys() == {
        ("backbone", ("mse", "edges")),
        ("backbone", ("mse", "pinball")),
        ("backbone", ("edges", "pinball")),
        ("central", ("mse", "edges")),
    }
    assert all(-1 <= cosine <= 1 for cosine in found.values())


@pytest.mark.parametrize("factor", [-0.5, 3.0])
def test_conflict_is_the_cosine_of_the_gradients(factor: float) -> None:
    net = Shared()
    first = net.losses()["first"]
    plan = plan_routes(Groups.of(net, {"all": ["*"]}), {"a": Route(1.0, {"all": 1.0}), "b": Route(2.0, {"all": 1.0})})
    (conflict,) = audit_step(plan, step_of({"a": first, "b": factor * first}), pruned).conflicts
    assert conflict.losses == ("a", "b")
    assert conflict.cosine == pytest.approx(1.0 if factor > 0 else -1.0, abs=1e-6)


def test_joint_leaks() -> None:
    audit = audited(joint)
    assert audit.verdict == "leak"
    found = cell(audit, "pinball", "backbone")
    assert found.verdict == "leak"
    assert found.applied_norm == pytest.approx(found.raw_norm, rel=1e-5)
    assert any("pinball moves backbone" in text for text in audit.problems)
    assert {kind for kind, _ in audit.faults} == {"leak"}  # which tells more than that the gradients differ
    assert audit.reference_difference > 0


def test_zeros_on_one_parameter_of_a_blocked_group_are_a_leak() -> None:
    """Momentum and weight decay would act on it, and on it alone."""

    def careless(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
        pruned(plan, losses, scale, retain_graph=retain_graph)
        first = next(iter(plan.groups)).parameters[0][1]
        if first.grad is None:
            first.grad = torch.zeros_like(first)

    found = cell(audited(careless), "pinball", "backbone")
    assert (found.verdict, found.applied_norm) == ("leak", 0.0)


@pytest.mark.parametrize("death", [hard, flat])
@pytest.mark.parametrize("loss", ["edges", "pinball"])
def test_a_loss_without_gradient_is_dead(loss: str, death: Callable[[Tensor], Tensor]) -> None:
    audit = audited(change={loss: death})
    assert audit.verdict == "dead"
    for group in ROUTES[loss].updates:
        assert cell(audit, loss, group).verdict == "dead"
        assert any(text.startswith(f"{loss} may move {group}") for text in audit.problems)


def test_a_tag_for_a_group_that_the_loss_does_not_reach_is_dead() -> None:
    audit = audited(routes={**ROUTES, "pinball": Route(1.0, {"quantiles": 1.0, "central": 1.0})})
    assert audit.verdict == "dead"
    assert [text for text in audit.problems if "pinball" in text and "central" in text]
    assert len(audit.problems) == 1


def test_all_losses_dead_is_a_verdict_and_not_a_crash() -> None:
    audit = audited(change=dict.fromkeys(ROUTES, hard))
    assert audit.verdict == "dead"
    assert any("the group quantiles receives no gradient at all" in text for text in audit.problems)


def test_a_parameter_that_nothing_reaches_is_starved() -> None:
    net = BandNet()
    net.central.register_parameter("spare", nn.Parameter(torch.ones(2)))
    audit = audit_step(band_plan(net), step_of(net.losses(*fields())), pruned)
    assert audit.verdict == "starved"
    assert audit.problems == ("the parameter central.spare of central receives no gradient",)


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
@pytest.mark.parametrize("engine", ["pruned", "save-restore"])
def test_a_loss_that_is_not_finite_is_named_and_no_other(engine: str, factor: float) -> None:
    audit = audited(ENGINES[engine], change={"pinball": lambda loss: loss * factor})
    assert audit.verdict == "nonfinite"
    assert cell(audit, "pinball", "quantiles").verdict == "nonfinite"
    assert cell(audit, "mse", "backbone").verdict == "ok"
    assert all("pinball" in text for text in audit.problems)
    assert all(conflict.cosine == conflict.cosine for conflict in audit.conflicts)


def test_a_loss_whose_value_alone_is_not_finite_is_named() -> None:
    audit = audited(change={"mse": lambda loss: loss + float("inf")})
    assert audit.verdict == "nonfinite"
    assert {(cell.loss, cell.group) for cell in audit.cells if cell.verdict == "nonfinite"} == {
        ("mse", "backbone"),
        ("mse", "central"),
    }


def test_a_finite_loss_with_a_nan_in_its_gradient_is_nonfinite() -> None:
    """0 / 0 inside a masked square root: the value is fine, the gradient is not."""
    audit = audited(change={"mse": lambda loss: loss + (loss - loss).sqrt()})
    assert audit.verdict == "nonfinite"
    assert cell(audit, "mse", "central").verdict == "nonfinite"


# faults: those of engines and modules, through a Trainer, stand in test_routing_faults.py


def test_a_frozen_group_that_something_thawed_is_blocked_and_seen_so() -> None:
    net = BandNet()
    plan = band_plan(net, freeze=["backbone"])
    net.requires_grad_(True)
    step = step_of(net.losses(*fields()))
    audit = audit_step(plan, step, pruned)
    assert audit.verdict == "pass"
    assert cell(audit, "mse", "backbone").verdict == "blocked"
    assert audit_step(plan, step, joint).verdict == "leak"


def test_the_gravest_fault_gives_the_verdict() -> None:
    audit = audited(joint, change={"mse": lambda loss: loss * float("nan"), "edges": flat})
    kinds = {kind for kind, _ in audit.faults}
    assert kinds >= {"nonfinite", "leak"}
    assert audit.verdict == "nonfinite"


def test_modules_of_a_frozen_group_have_no_norms() -> None:
    assert {row.group for row in audited(freeze=("backbone",)).modules} == {"central", "quantiles"}


def test_a_tiny_gradient_hides_no_fault() -> None:
    """Differences count against the size of what they are in: 1e-12 is everything where gradients are 1e-12."""
    assert audited(DROPPING_A_LOSS, weighted(ROUTES, 1e-12)).verdict == "mismatch"


# the audit leaves no trace


def test_gradients_from_before_are_put_back_and_none_stays_none() -> None:
    net = BandNet()
    net.central.weight.grad = torch.full_like(net.central.weight, 3.0)
    net.backbone[0].weight.grad = torch.ones_like(net.backbone[0].weight)  # from before it was frozen
    kept = net.central.weight.grad
    before: Gradients = gradients(net)
    audit_step(band_plan(net, freeze=["backbone"]), step_of(net.losses(*fields())), MOVING_WHAT_IS_FROZEN)
    assert same_bits(gradients(net), before)
    assert net.central.weight.grad is kept


def test_gradients_are_put_back_where_an_engine_fails() -> None:
    def broken(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
        pruned(plan, losses, scale, retain_graph=True)
        raise ZeroDivisionError

    net = BandNet()
    with pytest.raises(ZeroDivisionError):
        audit_step(band_plan(net), step_of(net.losses(*fields())), broken)
    assert set(gradients(net).values()) == {None}


@pytest.mark.parametrize("engine", ["pruned", "save-restore", "joint"])
def test_the_step_after_an_audit_is_the_same_bit_for_bit(engine: str) -> None:
    ends = []
    for probed in (False, True):
        net = BandNet()
        router, optimiser = Router(band_plan(net, SOFT), engine), adamw(net.parameters())
        if probed:
            router.probe = lambda plan, step, engine: bool(audit_step(plan, step, engine).cells)
        torch.manual_seed(2)
        for _ in range(3):
            optimiser.zero_grad()
            router.backward(router.total(net.losses(*fields())) / 3)
            optimiser.step()
        ends.append(state(net))
    assert same_bits(*ends)

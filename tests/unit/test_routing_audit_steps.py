"""Several steps in one audit, at training's own scale, with passes counted, costs measured and hooks respected."""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from time import perf_counter

import pytest
import torch
from support.faulty_engines import pass_by_pass
from support.routed_nets import PATTERNS, ROUTES, BandNet, Gradients, band_plan, fields, gradients, same_bits, state
from torch import Tensor, nn

from stq.errors import RoutingError
from stq.routing import (
    Audit,
    Audited,
    Auditor,
    Engine,
    Groups,
    Plan,
    Route,
    Router,
    Step,
    audit_model,
    audit_step,
    joint,
    plan_routes,
    pruned,
    save_restore,
)

Losses = dict[str, Tensor]
TABLE = {
    "mse": ["backbone", "central"],
    "edges": Route(0.3, {"backbone": 1.0, "central": 1.0}),
    "pinball": {"quantiles": 1.0},
}


def same(step: int, losses: Losses) -> Losses:
    """No change."""
    return losses


def band(change: Callable[[int, Losses], Losses] = same, first: int = 0, **changes: object) -> Audited:
    """The band net, another batch in each step, from the `first`, its losses changed as the step says."""
    net = BandNet(dropout=0.0)
    parts = {"groups": PATTERNS, "routes": TABLE, **changes}
    return Audited(net, losses=lambda step: change(step, net.losses(*fields(seed=first + step))), **parts)


def only_in(steps: Sequence[int], name: str, act: Callable[[Tensor], Tensor]) -> Callable[[int, Losses], Losses]:
    """A change to one loss in these steps."""
    return lambda step, losses: {**losses, name: act(losses[name])} if step in steps else losses


def verdicts(audit: Audit, loss: str) -> set[str]:
    return {cell.verdict for cell in audit.cells if cell.loss == loss}


# several steps


def test_norms_are_root_mean_squares_and_differences_the_largest() -> None:
    single = [audit_model(band(first=n)) for n in range(3)]
    both = audit_model(band(), steps=3)
    assert both.steps == 3
    for index, cell in enumerate(both.cells):
        for each in ("raw_norm", "applied_norm"):
            norms = [getattr(audit.cells[index], each) for audit in single]
            assert getattr(cell, each) == pytest.approx(sqrt(sum(n * n for n in norms) / 3), rel=1e-5)
    for index, row in enumerate(both.modules):
        totals = [audit.modules[index].total for audit in single]
        assert row.total == pytest.approx(sqrt(sum(n * n for n in totals) / 3), rel=1e-5)
    for index, conflict in enumerate(both.conflicts):
        assert conflict.cosine == pytest.approx(sum(a.conflicts[index].cosine for a in single) / 3, abs=1e-5)


def flat(loss: Tensor) -> Tensor:
    """A hinge that is not active: a graph, and zeros."""
    return torch.relu(loss.detach() - loss - 1)


def test_a_hinge_that_rests_in_one_batch_is_not_dead() -> None:
    alive = audit_model(band(only_in([0], "pinball", flat)), steps=2)
    assert alive.problems == ()
    assert verdicts(alive, "pinball") == {"ok", "blocked", "none"}
    dead = audit_model(band(only_in([0, 1], "pinball", flat)), steps=2)
    assert dead.verdict == "dead"
    assert "the group quantiles receives no gradient at all" in dead.problems


def test_a_loss_without_a_graph_is_dead_in_any_batch_because_training_would_stop_there() -> None:
    audit = audit_model(band(only_in([1], "edges", lambda loss: loss.detach())), steps=3)
    assert audit.verdict == "dead"
    assert "edges may move backbone and has no graph" in audit.problems[0]
    net = BandNet()
    router = Router(band_plan(net))
    with pytest.raises(RoutingError, match="'edges' has no gradient"):
        router.total({**(losses := net.losses(*fields())), "edges": losses["edges"].detach()})


@pytest.mark.parametrize(
    ("name", "act", "verdict"),
    [
        ("mse", lambda loss: loss * float("nan"), "nonfinite"),
        ("mse", lambda loss: loss + (loss - loss).sqrt(), "nonfinite"),
    ],
)
def test_what_is_wrong_once_is_wrong(name: str, act: Callable[[Tensor], Tensor], verdict: str) -> None:
    audit = audit_model(band(only_in([2], name, act)), steps=3)
    assert audit.verdict == verdict
    assert verdicts(audit, name) == {verdict, "none"}


@pytest.mark.parametrize(("fault", "verdict"), [(joint, "leak"), (pass_by_pass, "pass"), ("half", "mismatch")])
def test_a_leak_or_a_mismatch_in_one_batch_counts(fault: Engine | str, verdict: str) -> None:
    batch = [0]

    def engine(plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False) -> None:
        now = pruned if batch[0] == 0 or fault == "half" else fault
        now(plan, losses, scale / 2 if batch[0] and fault == "half" else scale, retain_graph=retain_graph)

    def note(step: int, losses: Losses) -> Losses:
        batch[0] = step
        return losses

    audit = audit_model(band(note, engine=engine), steps=2)
    assert audit.verdict == verdict
    if verdict == "mismatch":
        assert all(text.startswith("batch 2: ") for text in audit.problems)


class Lucky(BandNet):
    """One quantile head is used in the first batch alone; the other one's output is zero there."""

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        central, (first, second) = self(fields)
        used = (self.step == 0) * second
        pinball = (first - truth).abs().mean() + (used.square().mean() if self.always or self.step == 0 else 0.0)
        return {
            "mse": (central - truth).square().mean(),
            "edges": central.diff(dim=-1).abs().mean(),
            "pinball": pinball,
        }


@pytest.mark.parametrize("always", [True, False])
def test_a_parameter_is_starved_where_it_gets_zeros_in_every_batch_or_nothing_in_any(always: bool) -> None:
    net = Lucky(dropout=0.0)
    net.always = always

    def losses(step: int) -> Losses:
        net.step = step
        return net.losses(*fields(seed=step))

    audit = audit_model(Audited(net, PATTERNS, TABLE, losses), steps=2)
    assert audit.verdict == ("pass" if always else "starved")
    assert all("quantiles.1." in text for text in audit.problems)


def test_no_weight_moves_between_the_steps_and_the_gradients_of_before_are_put_back() -> None:
    audited = band()
    audited.model.central.weight.grad = torch.ones_like(audited.model.central.weight)
    before: Gradients = gradients(audited.model)
    weights = state(audited.model)
    audit_model(audited, steps=3)
    assert same_bits(gradients(audited.model), before)
    assert same_bits(state(audited.model), weights)


# the contract


def test_one_word_is_no_list_of_groups() -> None:
    with pytest.raises(RoutingError, match="loss 'mse': 'backbone' is no route; give a Route, the groups in a list"):
        audit_model(band(routes={**TABLE, "mse": "backbone"}))


def test_routes_may_be_written_in_three_ways() -> None:
    full = {"mse": ROUTES["mse"], "edges": ROUTES["edges"], "pinball": ROUTES["pinball"]}
    assert band().router().plan.routes == band(routes=full).router().plan.routes


def test_a_frozen_group_is_frozen() -> None:
    audit = audit_model(band(freeze=["backbone"]))
    assert audit.verdict == "pass"
    assert {cell.allowed for cell in audit.cells if cell.group == "backbone"} == {0.0}


# the scale


class Faint(BandNet):
    """Gradients of 1e-7, in half precision."""

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        with torch.autocast("cpu", torch.float16):
            losses = super().losses(fields, truth)
        return {name: 1e-7 * loss.float() for name, loss in losses.items()}


def audited_under(scaler: torch.amp.GradScaler, net: BandNet) -> Audit:
    """One step of mixed precision in a loop of one's own."""
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    router.backward(scaler.scale(router.total(net.losses(*fields()))))
    auditor.after_backward()
    return auditor.result()


def test_gradients_that_the_gradient_scaler_saves_are_not_dead() -> None:
    saved = audited_under(torch.amp.GradScaler("cpu"), Faint(dropout=0.0))
    assert saved.problems == ()
    net = BandNet(dropout=0.0)
    exact = audit_step(band_plan(net), Step(net.losses(*fields()), torch.tensor(0.0)), pruned)
    for found, expected in zip(saved.cells, exact.cells, strict=True):
        assert found.raw_norm == pytest.approx(1e-7 * expected.raw_norm, rel=0.02)
    lost = audited_under(torch.amp.GradScaler("cpu", enabled=False), Faint(dropout=0.0))
    assert lost.verdict == "dead"


@pytest.mark.parametrize("power", [16, 24, 40])
def test_an_overflow_that_a_gradient_scaler_would_skip_is_no_fault(power: int) -> None:
    """The scaler starts too high and comes down; so does the audit."""

    class Half(BandNet):
        def losses(self, fields: Tensor, truth: Tensor) -> Losses:
            with torch.autocast("cpu", torch.float16):
                return {name: loss.float() for name, loss in super().losses(fields, truth).items()}

    assert audited_under(torch.amp.GradScaler("cpu", init_scale=2.0**power), Half(dropout=0.0)).problems == ()


@pytest.mark.parametrize("factor", [1e-3, 0.3, 7.0, 2.0**20])
def test_norms_do_not_contain_what_the_total_is_multiplied_by(factor: float) -> None:
    norms = []
    for scale in (1.0, factor):
        net = BandNet(dropout=0.0)
        router = Router(band_plan(net))
        router.probe = auditor = Auditor(net)
        router.backward(scale * router.total(net.losses(*fields())))
        auditor.after_backward()
        assert auditor.result().problems == ()
        norms.append([cell.raw_norm for cell in auditor.result().cells])
    assert norms[0] == norms[1]


# tiny and huge numbers


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_norms_neither_underflow_nor_overflow(factor: float) -> None:
    net = BandNet(dropout=0.0).double()
    losses = net.losses(*(field.double() for field in fields()))
    expected = audit_step(band_plan(net), Step(losses, torch.tensor(0.0)), pruned)
    audit = audit_step(band_plan(net, times(factor)), Step(losses, torch.tensor(0.0)), pruned)
    assert audit.problems == ()
    for found, one in zip(audit.cells, expected.cells, strict=True):
        assert found.raw_norm == pytest.approx(factor * one.raw_norm, rel=1e-9)
    for found, one in zip(audit.conflicts, expected.conflicts, strict=True):
        assert found.cosine == pytest.approx(one.cosine, abs=1e-9)


def times(factor: float) -> dict[str, Route]:
    """The routes with every weight multiplied."""
    return {name: Route(factor * route.weight, route.updates) for name, route in ROUTES.items()}


# passes, cost, hooks


def test_passes_are_counted_and_not_taken_from_the_plan() -> None:
    net = BandNet()
    plan = band_plan(net)
    step = Step(losses := net.losses(*fields()), torch.stack(list(losses.values())).sum())
    counts = {engine: audit_step(plan, step, engine).passes for engine in (pruned, save_restore, joint, pass_by_pass)}
    assert counts == {pruned: 2, save_restore: 2, joint: 1, pass_by_pass: 3}


def test_the_cost_is_that_of_the_engine_beside_a_joint_backward() -> None:
    class Slow:
        def __call__(self, plan, losses, scale, *, retain_graph=False):
            end = perf_counter() + 0.02
            while perf_counter() < end:
                pass
            pruned(plan, losses, scale, retain_graph=retain_graph)

    net = BandNet()
    step = Step(losses := net.losses(*fields()), torch.stack(list(losses.values())).sum())
    cost = audit_step(band_plan(net), step, Slow()).cost
    assert cost.engine_seconds > 0.02 > cost.joint_seconds > 0
    assert cost.ratio == cost.engine_seconds / cost.joint_seconds
    assert audit_step(band_plan(net), step, Slow(), timed=False).cost is None


def test_hooks_of_accumulated_gradients_fire_twice_a_loss_that_is_blocked_and_twice_more() -> None:
    net = BandNet()
    plan = band_plan(net)
    step = Step(losses := net.losses(*fields()), torch.stack(list(losses.values())).sum())
    fired: list[int] = []

    def count(parameter: Tensor) -> None:
        fired.append(1)

    net.central.bias.register_post_accumulate_grad_hook(count)
    audit_step(plan, step, pruned)
    assert len(fired) == 2 * (1 + len(losses))
    fired.clear()
    net.zero_grad()
    router = Router(plan)
    router.backward(router.total(net.losses(*fields())))
    assert len(fired) == 1


def test_parameters_of_two_groups_may_lie_side_by_side_and_not_on_each_other() -> None:
    whole = torch.randn(10)

    def audit(first: slice, second: slice) -> Audit:
        net = nn.ParameterDict({"a": nn.Parameter(whole[first]), "b": nn.Parameter(whole[second])})
        routes = {name: Route(1.0, {name: 1.0}) for name in "ab"}
        losses = {name: parameter.square().sum() for name, parameter in net.items()}
        plan = plan_routes(Groups.of(net, {"a": ["a"], "b": ["b"]}), routes)
        return audit_step(plan, Step(losses, torch.tensor(0.0)), pruned)

    assert audit(slice(0, 5), slice(5, 10)).verdict == "pass"
    assert audit(slice(0, 6), slice(5, 10)).problems == (
        "b (b) and a (a) share their memory: a step of one moves the other; make them one parameter, or copy",
    )


def test_a_name_that_is_taken_tells_which_parameter_is_meant() -> None:
    net = BandNet(dropout=0.0)
    plan = band_plan(net)
    stranger = nn.Parameter(torch.ones(()))
    losses = {name: loss * stranger for name, loss in net.losses(*fields()).items()}
    audit = audit_step(plan, Step(losses, torch.tensor(0.0)), pruned)
    assert audit.verdict == "starved"
    assert "a parameter of shape ()" in audit.problems[0]
    model = nn.Module()
    model.central = nn.Module()
    model.central.weight = stranger
    assert (
        "central.weight outside the groups"
        in audit_step(plan, Step(losses, torch.tensor(0.0)), pruned, model=model).problems[0]
    )

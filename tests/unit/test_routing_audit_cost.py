"""An audit counts passes, measures what they cost, respects hooks, and names what it finds."""

from time import perf_counter

import torch
from support.faulty_engines import pass_by_pass
from support.routed_nets import BandNet, band_plan, fields
from torch import Tensor, nn

from stq.routing import Audit, Groups, Route, Router, Step, audit_step, joint, plan_routes, pruned, save_restore


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


def test_hooks_of_accumulated_gradients_fire_twice_for_losses_that_the_same_groups_block_and_twice_more() -> None:
    net = BandNet()
    plan = band_plan(net)
    step = Step(losses := net.losses(*fields()), torch.stack(list(losses.values())).sum())
    fired: list[int] = []

    def count(parameter: Tensor) -> None:
        fired.append(1)

    net.central.bias.register_post_accumulate_grad_hook(count)
    audit_step(plan, step, pruned)
    columns = {tuple(plan.allowed(loss, group.name) == 0 for group in plan.groups) for loss in losses}
    assert len(fired) == 2 * (1 + len(columns))
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

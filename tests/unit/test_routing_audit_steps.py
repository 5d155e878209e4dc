"""Several steps in one audit, and the contract of a model that is audited outside of any loop."""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt

import pytest
import torch
from support.faulty_engines import pass_by_pass
from support.routed_nets import PATTERNS, ROUTES, BandNet, Gradients, band_plan, fields, gradients, same_bits, state
from torch import Tensor

from stq.errors import RoutingError
from stq.routing import Audit, Audited, Auditor, Engine, Plan, Route, Router, audit_model, joint, pruned

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


def test_gradients_that_nobody_emptied_are_told_with_both_causes_and_a_remedy() -> None:
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    router.probe = auditor = Auditor(net)
    net.central.bias.grad = torch.ones_like(net.central.bias)
    router.backward(router.total(net.losses(*fields())))
    (text,) = auditor.result().problems
    for words in ("central.bias has a gradient", "left by the step before", "a backward of its own", "zero_grad"):
        assert words in text


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

"""Any table on any graph: both isolating engines give sum a * w * raw, bit for bit alike, one pass a column."""

from collections import Counter
from dataclasses import dataclass

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.routed_nets import gradients, same_bits
from torch import Tensor, nn

from stq.routing import ENGINES, Groups, Plan, Route, audit_step, plan_routes, pruned
from stq.routing import Step as RoutedStep


@dataclass(frozen=True)
class Table:
    """A table and a graph: loss l reads the groups in reads[l]; group 0 is the trunk that every other group reads."""

    weights: tuple[float, ...]
    factors: tuple[tuple[float, ...], ...]
    reads: tuple[tuple[bool, ...], ...]
    frozen: tuple[bool, ...]
    seed: int

    @property
    def routes(self) -> dict[str, Route]:
        """The table as routes."""
        return {
            f"loss{i}": Route(weight, {f"group{g}": a for g, a in enumerate(row)})
            for i, (weight, row) in enumerate(zip(self.weights, self.factors, strict=True))
        }

    def column(self, group: int) -> tuple[float, ...]:
        """w * a of every loss on one group."""
        return tuple(w * row[group] for w, row in zip(self.weights, self.factors, strict=True))


class Branches(nn.Module):
    """A trunk and a branch for every further group, each of two layers."""

    def __init__(self, groups: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for group in range(groups):
                self.add_module(f"group{group}", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh()))

    def losses(self, reads: tuple[tuple[bool, ...], ...]) -> dict[str, Tensor]:
        """One scalar for every row; each reads the trunk's features, and the branches that its row names."""
        trunk = self.group0(torch.linspace(-2, 1, 12).reshape(4, 3))
        parts = [trunk] + [part(trunk) for name, part in self.named_children() if name != "group0"]
        return {
            f"loss{i}": sum((part * (i + 1) - g).square().mean() for g, part in enumerate(parts) if g == 0 or row[g])
            for i, row in enumerate(reads)
        }


@st.composite
def tables(draw: st.DrawFn, factor: st.SearchStrategy[float]) -> Table:
    """2 to 4 groups, 2 to 5 losses; every group that isn't frozen is updated by some loss."""
    groups, losses = draw(st.integers(2, 4)), draw(st.integers(2, 5))
    row = st.tuples(*[factor] * groups)
    factors = draw(st.tuples(*[row] * losses))
    weights = draw(st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 7.0])] * losses))
    table = Table(
        weights=tuple(w if any(row) else 0.0 for w, row in zip(weights, factors, strict=True)),  # else it is refused
        factors=factors,
        reads=draw(st.tuples(*[st.tuples(*[st.booleans()] * groups)] * losses)),
        frozen=(False,) * groups,
        seed=draw(st.integers(0, 5)),
    )
    dead = tuple(not any(table.column(g)) or draw(st.integers(0, 4)) == 0 for g in range(groups))
    if all(dead):  # something must train
        first = (1.0, *table.factors[0][1:])
        table = Table((1.0, *table.weights[1:]), (first, *table.factors[1:]), table.reads, dead, table.seed)
        dead = (False, *dead[1:])
    return Table(table.weights, table.factors, table.reads, dead, table.seed)


HARD = st.sampled_from([0.0, 1.0])
ANY = st.sampled_from([0.0, 0.0, 1.0, 0.05, 0.5])
MANY = 250


def planned(table: Table) -> tuple[Branches, Plan]:
    """A net and the plan of a table."""
    net = Branches(len(table.frozen), table.seed)
    names = [f"group{g}" for g in range(len(table.frozen))]
    freeze = [name for name, frozen in zip(names, table.frozen, strict=True) if frozen]
    return net, plan_routes(Groups.of(net, {name: [f"{name}.*"] for name in names}, freeze), table.routes)


def after(table: Table, engine: str) -> dict[str, Tensor | None]:
    """What an engine leaves of a table, at scale 1."""
    net, plan = planned(table)
    losses = {name: loss for name, loss in net.losses(table.reads).items() if loss.requires_grad}
    ENGINES[engine](plan, losses, torch.tensor(1.0))
    return gradients(net)


@settings(max_examples=MANY)
@given(tables(HARD) | tables(ANY))
def test_pruned_equals_save_restore_bit_for_bit(table: Table) -> None:
    assert same_bits(after(table, "pruned"), after(table, "save-restore"))


@settings(max_examples=MANY)
@given(tables(ANY))
def test_every_parameter_receives_the_sum_of_what_is_permitted(table: Table) -> None:
    """Against separate passes of plain autograd, to 1e-6 of the size of what is summed; None where nothing is."""
    net, plan = planned(table)
    losses = net.losses(table.reads)
    found = after(table, "pruned")
    for group in plan.groups:
        column = table.column(int(group.name[-1]))
        for name, parameter in group.parameters:
            parts = [
                w * raw
                for loss, w in zip(losses.values(), column, strict=True)
                if w > 0 and parameter.requires_grad and loss.requires_grad
                for raw in torch.autograd.grad(loss, [parameter], retain_graph=True, allow_unused=True)
                if raw is not None
            ]
            if not parts:
                assert found[name] is None
                continue
            size = sum(float(part.norm()) for part in parts)
            assert float((found[name] - sum(parts)).norm()) <= 1e-6 * size


@settings(max_examples=MANY)
@given(tables(ANY))
def test_there_is_one_pass_for_every_column_that_is_not_frozen(table: Table) -> None:
    _, plan = planned(table)
    columns = {table.column(g) for g, frozen in enumerate(table.frozen) if not frozen}
    assert plan.passes == len(columns)
    grouped = [name for route in plan.classes for name, _ in route.parameters]
    assert sorted(grouped) == sorted(name for name, _ in plan.groups.named_parameters())


@settings(max_examples=60)
@given(tables(ANY))
def test_pruned_fires_the_hook_of_a_parameter_once_or_never(table: Table) -> None:
    net, plan = planned(table)
    fired: Counter[str] = Counter()
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(lambda _, name=name: fired.update([name]))
    losses = {name: loss for name, loss in net.losses(table.reads).items() if loss.requires_grad}
    pruned(plan, losses, torch.tensor(1.0))
    assert fired == Counter([name for name, gradient in gradients(net).items() if gradient is not None])


@settings(max_examples=40)
@given(tables(ANY), st.sampled_from([float("nan"), float("inf"), 1e6]), st.integers(0, 4))
def test_a_loss_changes_only_what_it_may_update(table: Table, factor: float, index: int) -> None:
    index %= len(table.weights)
    results = []
    for change in (1.0, factor):
        net, plan = planned(table)
        losses = {name: loss for name, loss in net.losses(table.reads).items() if loss.requires_grad}
        losses = {name: loss * change if name == f"loss{index}" else loss for name, loss in losses.items()}
        pruned(plan, losses, torch.tensor(1.0))
        blocked = {f"group{g}" for g, frozen in enumerate(table.frozen) if frozen or table.column(g)[index] == 0}
        results.append({name: value for name, value in gradients(net).items() if name.split(".")[0] in blocked})
    assert same_bits(*results)


@settings(max_examples=40)
@given(tables(ANY))
def test_the_audit_finds_no_leak_and_no_mismatch_in_any_table(table: Table) -> None:
    """Dead cells there may be: a random table tags losses for groups that they don't read."""
    net, plan = planned(table)
    losses = net.losses(table.reads)
    audit = audit_step(plan, RoutedStep(losses, torch.stack(list(losses.values())).sum()), pruned)
    assert {kind for kind, _ in audit.faults} <= {"dead", "starved"}
    assert audit.reference_difference == 0.0
    columns = {table.column(group) for group, frozen in enumerate(table.frozen) if not frozen}
    assert audit.passes <= len(columns)
    for cell in audit.cells:
        loss, group = int(cell.loss[-1]), int(cell.group[-1])
        reads = group == 0 or table.reads[loss][group]
        assert (cell.verdict == "dead") == (cell.allowed > 0 and not reads)

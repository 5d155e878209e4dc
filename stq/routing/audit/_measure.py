"""One step, measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import inf

import torch
from torch import nn

from stq.routing._engines import Engine
from stq.routing._plan import Plan
from stq.routing._refusal import refuse
from stq.routing._step import Step
from stq.routing.audit._comparisons import differences_found
from stq.routing.audit._cost import cost
from stq.routing.audit._gradients import Gradients, inner, largest_difference, norm, relative_difference
from stq.routing.audit._influence import influences
from stq.routing.audit._outsiders import outsider_faults, outsiders
from stq.routing.audit._result import Audit, Conflict, ModuleNorms
from stq.routing.audit._runs import Runs, runs_of
from stq.routing.audit._shared_memory import shared_memory
from stq.routing.audit._starved import starved_parameters
from stq.routing.audit._trial import Trial, gradients_set_aside
from stq.routing.audit._verdicts import Fault, judge
from stq.routing.audit._weights import weights_held


@dataclass(frozen=True)
class Measured:
    """The audit of a step, and what the rest of the step is to be held to: `applied`, what the engine leaves in `.grad`
    with every hook at work, divided by the scale."""

    audit: Audit
    trial: Trial
    applied: Gradients
    bound: float


def audit_step(
    plan: Plan,
    step: Step,
    engine: Engine,
    *,
    model: nn.Module | None = None,
    timed: bool = True,
    tolerance: float = 1e-5,
) -> Audit:
    """Measure `engine` on the retained graph of `step`. The gradients that were there before are put back.

    The engine is compared with `save-restore` (with `pruned` where it is `save-restore`), with the sum of the permitted
    gradients, loss by loss and together, and with itself: run again, and run at half the scale onto what is there. Each
    may differ by `tolerance` of the size of the gradients, or by what adding in another order does to them where that
    is more. Each loss is multiplied, and may not change what the groups that block it receive, be it into empty
    gradients or onto others. Routing that is wrong differs by far more.

    It is measured at the scale that the router found between the total and the loss of the backward, so that small
    gradients survive half precision as they do in training; norms don't contain it. Hooks that wait for an accumulated
    gradient fire twice, and twice for losses that the same groups block (which are multiplied together, and one by one
    where that shows something): into empty gradients, and onto what those became. `model` gives names to parameters
    that stand in no group. With `timed`, the engine runs some more times beside a joint backward.

    Raises RoutingError where a parameter was frozen after the groups were made, or where a backward moves the weights.
    """
    return measure(plan, step, engine, model=model, timed=timed, tolerance=tolerance).audit


def measure(
    plan: Plan, step: Step, engine: Engine, *, model: nn.Module | None, timed: bool, tolerance: float
) -> Measured:
    """As `audit_step`, with what the rest of the step is held to."""
    refuse(plan.groups.frozen_since())
    strangers = outsiders(plan, step.losses, model)
    watched = [*plan.groups.named_parameters(frozen=True), *strangers]
    with torch.enable_grad(), gradients_set_aside(watched), weights_held(watched):
        runs = runs_of(plan, step, engine, strangers)
        mismatches, bound = differences_found(runs, tolerance)
        trial, alive = runs.trial, runs.trial.alive
        cost_found = cost(trial, engine) if timed else None
        applied, moving = influences(runs, bound)
    cells = tuple(
        judge(runs, loss, group, moves=(loss, group.name) in moving)
        for loss in step.losses
        for group in plan.groups
        if group.parameters
    )
    others: list[Fault] = shared_memory(plan, strangers)
    others += outsider_faults(strangers, runs.alone, {"all losses together": runs.together, "a hook": applied})
    if not others and not any(cell.verdict in ("leak", "nonfinite") for cell in cells):
        others += [("mismatch", text) for text in mismatches]
    audit = Audit(
        cells=cells,
        modules=tuple(module_norms(runs)),
        conflicts=tuple(conflicts(runs)),
        reference=runs.reference,
        reference_difference=largest_difference(runs.together, runs.by_reference),
        sum_difference=relative_difference(plan, runs.together, runs.permitted, runs.raw),
        passes=runs.passes,
        cost=cost_found,
        starved=starved_parameters(plan, runs.together),
        without_graph=tuple(name for name in step.losses if name not in alive),
        in_company=tuple(
            (cell.loss, cell.group)
            for cell in cells
            if (cell.loss, cell.group) in moving and silent(plan, runs.alone[cell.loss], cell.group)
        ),
        others=tuple(others),
    )
    return Measured(audit, trial, applied, bound)


def silent(plan: Plan, alone: Gradients, group: str) -> bool:
    """Whether a loss by itself leaves nothing on a group."""
    names = [name for member in plan.groups if member.name == group for name, _ in member.parameters]
    return all(alone[name] is None for name in names)


def module_norms(runs: Runs) -> Iterator[ModuleNorms]:
    """Norms for each module that holds parameters of its own, in the model's order."""
    for group in runs.plan.groups:
        owned: dict[str, list[str]] = {}
        for name, _ in () if group.frozen else group.parameters:
            owned.setdefault(name.rpartition(".")[0], []).append(name)
        for module, names in owned.items():
            norms = {loss: norm(gradients, names) for loss, gradients in runs.alone.items()}
            yield ModuleNorms(module, group.name, norms, norm(runs.together, names))


def conflicts(runs: Runs) -> Iterator[Conflict]:
    """The cosine for each pair of losses that depend on a group, whether or not the routing lets them reach it."""
    raw = runs.raw
    for group in runs.plan.groups:
        names = [name for name, _ in group.parameters]
        sizes = {loss: norm(gradients, names) for loss, gradients in raw.items()}
        reaching = [loss for loss, size in sizes.items() if 0 < size < inf]
        for a, b in combinations(reaching, 2):
            yield Conflict(group.name, (a, b), inner(raw[a], raw[b], names, (sizes[a], sizes[b])))

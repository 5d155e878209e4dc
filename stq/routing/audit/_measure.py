"""One step, measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import inf

import torch
from torch import nn

from stq.routing._engines import ENGINES, Engine
from stq.routing._plan import Plan
from stq.routing._refusal import refuse
from stq.routing._step import Step
from stq.routing.audit._comparisons import differences_found
from stq.routing.audit._cost import cost, counted
from stq.routing.audit._gradients import Gradients, inner, largest_difference, norm, relative_difference
from stq.routing.audit._hooks import hooked
from stq.routing.audit._influence import influences
from stq.routing.audit._outsiders import outsider_faults, outsiders
from stq.routing.audit._result import Audit, Conflict, ModuleNorms
from stq.routing.audit._shared_memory import shared_memory
from stq.routing.audit._starved import starved_parameters
from stq.routing.audit._trial import Trial, gradients_set_aside, trial_of
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
    is more. Each loss is multiplied, and may not change what the groups that block it receive. Routing that is wrong
    differs by far more.

    It is measured at the scale that the router found between the total and the loss of the backward, so that small
    gradients survive half precision as they do in training; norms don't contain it. Hooks that wait for an accumulated
    gradient fire once for each loss and once more. `model` gives names to parameters that stand in no group. With
    `timed`, the engine runs some more times beside a joint backward.

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
        trial, raw = trial_of(plan, step, strangers)
        alive = trial.alive
        reference = "pruned" if engine is ENGINES["save-restore"] else "save-restore"
        alone = {name: trial.run(engine, {name: loss}) for name, loss in alive.items()}
        together = trial.run(engine, alive)
        by_reference = trial.run(ENGINES[reference], alive)
        permitted = trial.permitted(list(alive))
        mismatches, bound = differences_found(
            trial, engine, reference, raw, alone, together, by_reference, permitted, tolerance
        )
        passes = counted(alive, lambda: trial.run(engine, alive))
        cost_found = cost(trial, engine) if timed else None
        applied = trial.run(engine, alive, hooks=True) if hooked(trial.named) else together
        moving = influences(trial, engine, applied, raw, bound)
    cells = tuple(
        judge(plan, loss, g.name, names, raw[loss], alone.get(loss, {}), value, moves=(loss, g.name) in moving)
        for loss, value in step.losses.items()
        for g in plan.groups
        if (names := [name for name, _ in g.parameters])
    )
    others: list[Fault] = shared_memory(plan, strangers)
    others += outsider_faults(strangers, alone, {"all losses together": together, "a hook": applied})
    if not others and not any(cell.verdict in ("leak", "nonfinite") for cell in cells):
        others += [("mismatch", text) for text in mismatches]
    audit = Audit(
        cells=cells,
        modules=tuple(module_norms(plan, alone, together)),
        conflicts=tuple(conflicts(plan, raw)),
        reference=reference,
        reference_difference=largest_difference(together, by_reference),
        sum_difference=relative_difference(plan, together, permitted, raw),
        passes=passes,
        cost=cost_found,
        starved=starved_parameters(plan, together),
        without_graph=tuple(name for name in step.losses if name not in alive),
        in_company=tuple(
            (cell.loss, cell.group)
            for cell in cells
            if (cell.loss, cell.group) in moving and silent(plan, alone[cell.loss], cell.group)
        ),
        others=tuple(others),
    )
    return Measured(audit, trial, applied, bound)


def silent(plan: Plan, alone: Gradients, group: str) -> bool:
    """Whether a loss by itself leaves nothing on a group."""
    names = [name for member in plan.groups if member.name == group for name, _ in member.parameters]
    return all(alone[name] is None for name in names)


def module_norms(plan: Plan, alone: Mapping[str, Gradients], together: Gradients) -> Iterator[ModuleNorms]:
    """Norms for each module that holds parameters of its own, in the model's order."""
    for group in plan.groups:
        owned: dict[str, list[str]] = {}
        for name, _ in () if group.frozen else group.parameters:
            owned.setdefault(name.rpartition(".")[0], []).append(name)
        for module, names in owned.items():
            norms = {loss: norm(gradients, names) for loss, gradients in alone.items()}
            yield ModuleNorms(module, group.name, norms, norm(together, names))


def conflicts(plan: Plan, raw: Mapping[str, Gradients]) -> Iterator[Conflict]:
    """The cosine for each pair of losses that depend on a group, whether or not the routing lets them reach it."""
    for group in plan.groups:
        names = [name for name, _ in group.parameters]
        sizes = {loss: norm(gradients, names) for loss, gradients in raw.items()}
        reaching = [loss for loss, size in sizes.items() if 0 < size < inf]
        for a, b in combinations(reaching, 2):
            yield Conflict(group.name, (a, b), inner(raw[a], raw[b], names, (sizes[a], sizes[b])))

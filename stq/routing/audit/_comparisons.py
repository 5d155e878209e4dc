"""The gradients of an engine, held against those of another engine, of autograd, and its own."""

import torch

from stq.routing._plan import Plan
from stq.routing.audit._gradients import (
    Gradients,
    added,
    pattern_differences,
    relative_difference,
    relative_differences,
    times,
)
from stq.routing.audit._runs import Runs
from stq.routing.audit._trial import Trial

COARSEST = 2.0**-5
"""Differences above this are never called rounding: four roundings of bfloat16."""


def differences_found(runs: Runs, tolerance: float) -> tuple[list[str], float]:
    """Texts for what differs, and the relative bound of what may."""
    trial, engine, plan, raw, alive = runs.trial, runs.engine, runs.plan, runs.raw, runs.trial.alive
    least = max(tolerance, rounding(plan))
    bound = min(max(least, 4 * noise(runs)), COARSEST)
    # A hook that changes gradients makes separate passes differ, which is no noise where they are not separate.
    same = least if any(p._backward_hooks for _, p in trial.named) else bound
    texts = []
    if relative_difference(plan, runs.together, runs.by_reference, raw) > same:
        texts.append(f"the gradients differ from those of {runs.reference}")
    if relative_difference(plan, runs.together, runs.permitted, raw) > bound:
        texts.append("the gradients differ from the sum of what is permitted")
    texts += [
        f"seeded with {loss} alone, the engine does not give {group} what is permitted"
        for loss, found in runs.alone.items()
        for group, gap in relative_differences(
            plan, found, permitted_alone(trial, loss, raw[loss]), {loss: raw[loss]}
        ).items()
        if gap > bound and plan.allowed(loss, group) > 0
    ]
    twice = trial.run_twice(engine, alive)
    moved = {name: twice[name] for name, _ in plan.groups.named_parameters()}
    halves = added(runs.together, trial.permitted(list(alive), half=True))
    if relative_difference(plan, moved, halves, raw) > bound:
        texts.append(
            "at half the scale the engine doesn't add half its gradients to those that are there: it ignores the "
            "scale, or changes what was accumulated"
        )
    texts += changed_frozen(trial, twice)
    if relative_difference(plan, trial.run(engine, alive), runs.together, raw) > same:
        texts.append("run again on the same graph, the engine gives other gradients")
    for name in pattern_differences(runs.together, runs.by_reference):
        there = "None" if runs.together[name] is None else "a gradient of zeros, which momentum and decay would act on"
        texts.append(f"the engine leaves {there} on {name}, and {runs.reference} does not")
    return texts, bound


def permitted_alone(trial: Trial, loss: str, raw: Gradients) -> Gradients:
    """What the table permits of one loss on the groups that it may move: `raw`, unless a factor has to be seeded."""
    if all(trial.plan.allowed(loss, group.name) in (0.0, 1.0) for group in trial.plan.groups):
        return raw
    return trial.permitted([loss])


def changed_frozen(trial: Trial, twice: Gradients) -> list[str]:
    """Texts for gradients that stood where no loss may move anything, and were changed."""
    moved = {id(parameter) for _, parameter in trial.plan.groups.named_parameters()}
    names = [name for name, parameter in trial.named if id(parameter) not in moved]
    return [
        f"the engine changes the gradient that stands on {name}, which no loss may move"
        for name in names
        if (found := twice[name]) is None or bool((found * trial.scale != 1).any())
    ]


def noise(runs: Runs) -> float:
    """What adding in another order does on this graph: the sum of separate passes against one pass, by autograd."""
    plan = runs.plan
    total: Gradients = {name: None for name, _ in runs.trial.named}
    for group in plan.groups:
        for loss, gradients in runs.raw.items():
            factor = plan.allowed(loss, group.name)
            if factor > 0:
                own = {name: gradients[name] for name, _ in group.parameters}
                total = {**total, **added({name: total[name] for name in own}, times(factor, own))}
    gap = relative_difference(plan, total, runs.permitted, runs.raw)
    return gap if gap < float("inf") else 0.0


def rounding(plan: Plan) -> float:
    """What adding in another order may do to a gradient at least: four roundings of the coarsest parameter."""
    return 4 * max((torch.finfo(p.dtype).eps for _, p in plan.groups.named_parameters()), default=0.0)

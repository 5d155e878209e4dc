"""From norms to verdicts: what is wrong with a loss on a group, in words."""

from dataclasses import dataclass

import torch
from torch import Tensor

from stq.routing._gradients import Gradients, norm
from stq.routing._plan import Plan

SEVERITY = ("nonfinite", "leak", "dead", "starved", "mismatch")
"""Kinds of fault, the gravest first."""


@dataclass(frozen=True)
class Cell:
    """One loss on one group.

    `raw_norm` is the 2-norm of the gradient of weight * loss there, `applied_norm` that of what the engine let through
    when it was seeded with this loss alone, `allowed` the factor of the table. Verdicts: `ok`, `blocked` (a gradient
    that the routing removed), `none` (no dependence), `leak` (applied where it is not allowed, be it zeros: they are
    not None to an optimiser with momentum or weight decay), `dead` (allowed, and nothing arrives), `nonfinite`.
    """

    loss: str
    group: str
    raw_norm: float
    applied_norm: float
    allowed: float
    verdict: str


def judge(plan: Plan, loss: str, group: str, names: list[str], raw: Gradients, alone: Gradients, value: Tensor) -> Cell:
    """Norms and verdict of one loss on one group."""
    raw_norm, applied, allowed = norm(raw, names), norm(alone, names), plan.allowed(loss, group)
    finite = all(torch.isfinite(torch.tensor([raw_norm, applied])).tolist()) and bool(torch.isfinite(value))
    if not finite and (raw_norm != 0 or applied != 0 or allowed > 0):
        verdict = "nonfinite"
    elif allowed > 0:
        verdict = "ok" if applied > 0 else "dead"
    elif any(alone.get(name) is not None for name in names):
        verdict = "leak"
    else:
        verdict = "blocked" if raw_norm > 0 else "none"
    return Cell(loss, group, raw_norm, applied, allowed, verdict)


def describe(cell: Cell) -> str:
    """A sentence for a cell that fails."""
    if cell.verdict == "leak":
        if cell.applied_norm == 0:
            return f"{cell.loss} writes zeros on {cell.group}, which it may not move: momentum and weight decay would"
        return f"{cell.loss} moves {cell.group}, which it may not: norm {cell.applied_norm:.3g}"
    if cell.verdict == "dead" and cell.raw_norm > 0:
        return f"{cell.loss} may move {cell.group} and has a gradient there, but the engine passes none of it on"
    if cell.verdict == "dead":
        return (
            f"{cell.loss} may move {cell.group} and has no gradient there: correct its tag, or its formula "
            f"(hard binning and detached tensors have none)"
        )
    return f"{cell.loss} or its gradient on {cell.group} is not finite"


def starved(plan: Plan, together: Gradients) -> list[str]:
    """Texts for groups, or else parameters, that receive nothing in the whole step."""
    texts = []
    for group in plan.groups:
        if group.frozen:
            continue
        empty = [name for name, _ in group.parameters if norm(together, [name]) == 0]
        if empty and len(empty) == len(group.parameters):
            texts.append(f"the group {group.name} receives no gradient at all")
        else:
            texts += [f"the parameter {name} of {group.name} receives no gradient" for name in empty]
    return texts

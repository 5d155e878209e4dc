"""From norms to verdicts: what is wrong with a loss on a group, in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite

import torch

from stq.routing._groups import Group
from stq.routing.audit._gradients import norm
from stq.routing.audit._runs import Runs
from stq.routing.audit._starved import Starved, starved_texts

SEVERITY = ("nonfinite", "leak", "dead", "starved", "mismatch")
"""Kinds of fault, the gravest first."""

Fault = tuple[str, str]
"""A kind, one of `SEVERITY`, and a text that names what is wrong."""


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


def judge(runs: Runs, loss: str, group: Group, *, moves: bool) -> Cell:
    """Norms and verdict of one loss on one group; `moves` where it was seen to change what arrives there."""
    names = [name for name, _ in group.parameters]
    alone, value = runs.alone.get(loss, {}), runs.trial.step.losses[loss]
    raw_norm, applied, allowed = norm(runs.raw[loss], names), norm(alone, names), runs.plan.allowed(loss, group.name)
    finite = isfinite(raw_norm) and isfinite(applied) and bool(torch.isfinite(value))
    if not finite and (raw_norm != 0 or applied != 0 or allowed > 0):
        verdict = "nonfinite"
    elif allowed > 0:
        verdict = "ok" if applied > 0 else "dead"
    elif moves or any(alone.get(name) is not None for name in names):
        verdict = "leak"
    else:
        verdict = "blocked" if raw_norm > 0 else "none"
    return Cell(loss, group.name, raw_norm, applied, allowed, verdict)


def describe(cell: Cell, *, in_company: bool, without_graph: bool) -> str:
    """A sentence for a cell that fails."""
    if cell.verdict == "leak":
        if in_company:
            return f"{cell.loss} changes what the other losses give to {cell.group}, which it may not move"
        if cell.applied_norm == 0:
            return f"{cell.loss} writes zeros on {cell.group}, which it may not move: momentum and weight decay would"
        return f"{cell.loss} moves {cell.group}, which it may not: norm {cell.applied_norm:.3g}"
    if cell.verdict == "dead" and without_graph:
        return (
            f"{cell.loss} may move {cell.group} and has no graph: it was detached, computed under no_grad, or counts "
            f"(hard binning); training refuses such a step"
        )
    if cell.verdict == "dead" and cell.raw_norm > 0:
        return f"{cell.loss} may move {cell.group} and has a gradient there, but the engine passes none of it on"
    if cell.verdict == "dead":
        return (
            f"{cell.loss} may move {cell.group} and has no gradient there: correct its tag, or its formula "
            f"(hard binning and detached tensors have none)"
        )
    return f"{cell.loss} or its gradient on {cell.group} is not finite"


def faults_of(
    cells: Sequence[Cell],
    starved: Sequence[Starved],
    others: Sequence[Fault],
    in_company: Collection[tuple[str, str]],
    without_graph: Collection[str],
) -> tuple[Fault, ...]:
    """All that is wrong, cells first. `in_company` are the cells whose leak shows beside other losses alone."""
    faults: list[Fault] = [
        (
            cell.verdict,
            describe(
                cell,
                in_company=(cell.loss, cell.group) in in_company,
                without_graph=cell.loss in without_graph,
            ),
        )
        for cell in cells
        if cell.verdict in SEVERITY
    ]
    faults += [("starved", text) for text in starved_texts(starved)]
    return (*faults, *others)


def gravest(faults: Sequence[Fault]) -> str:
    """`pass`, or the gravest kind of fault."""
    kinds = {kind for kind, _ in faults}
    return next((kind for kind in SEVERITY if kind in kinds), "pass")

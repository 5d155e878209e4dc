"""Several audits of one plan, put together."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from stq.routing.audit._cost import Cost
from stq.routing.audit._result import Audit, Conflict, ModuleNorms
from stq.routing.audit._starved import Starved
from stq.routing.audit._verdicts import Cell, Fault

ORDER = ("nonfinite", "leak", "ok", "dead", "blocked", "none")
"""Which verdict stands for a cell that had several: what is wrong once is wrong, and what arrives once is alive."""


def over_steps(audits: Sequence[Audit]) -> Audit:
    """One audit of all the steps, the same one where there is one.

    A leak, a mismatch or what is not finite counts where any step has it. `dead` and `starved` count where every step
    has them, since a hinge may be inactive in one batch; where any step has them for want of a graph, because training
    would refuse that step. Norms are root mean squares over the steps, cosines means over the steps that have them,
    differences the largest, the cost that of the fastest runs.
    """
    if len(audits) == 1:
        return audits[0]
    without_graph = tuple(dict.fromkeys(name for audit in audits for name in audit.without_graph))
    costs = [audit.cost for audit in audits if audit.cost is not None]
    return replace(
        audits[0],
        cells=tuple(cell_of(cells, without_graph) for cells in zip(*(audit.cells for audit in audits), strict=True)),
        modules=tuple(module_of(rows) for rows in zip(*(audit.modules for audit in audits), strict=True)),
        conflicts=conflicts_of(audits),
        reference_difference=max(audit.reference_difference for audit in audits),
        sum_difference=max(audit.sum_difference for audit in audits),
        passes=max(audit.passes for audit in audits),
        cost=Cost(min(c.engine_seconds for c in costs), min(c.joint_seconds for c in costs)) if costs else None,
        steps=sum(audit.steps for audit in audits),
        starved=starved_of([audit.starved for audit in audits]),
        without_graph=without_graph,
        in_company=tuple(dict.fromkeys(pair for audit in audits for pair in audit.in_company)),
        others=others_of(audits),
    )


def cell_of(cells: Sequence[Cell], without_graph: Sequence[str]) -> Cell:
    """One loss on one group over the steps."""
    first, verdicts = cells[0], {cell.verdict for cell in cells}
    if first.loss in without_graph and "dead" in verdicts and not verdicts & {"nonfinite", "leak"}:
        verdict = "dead"
    else:
        verdict = next(word for word in ORDER if word in verdicts)
    return Cell(
        first.loss,
        first.group,
        root_mean_square([cell.raw_norm for cell in cells]),
        root_mean_square([cell.applied_norm for cell in cells]),
        first.allowed,
        verdict,
    )


def module_of(rows: Sequence[ModuleNorms]) -> ModuleNorms:
    """One module over the steps; a loss without a graph has no norm in its step, which counts as 0."""
    losses = dict.fromkeys(loss for row in rows for loss in row.norms)
    norms = {loss: root_mean_square([row.norms.get(loss, 0.0) for row in rows]) for loss in losses}
    return ModuleNorms(rows[0].module, rows[0].group, norms, root_mean_square([row.total for row in rows]))


def conflicts_of(audits: Sequence[Audit]) -> tuple[Conflict, ...]:
    """The mean cosine of each pair."""
    found: dict[tuple[str, tuple[str, str]], list[float]] = {}
    for audit in audits:
        for conflict in audit.conflicts:
            found.setdefault((conflict.group, conflict.losses), []).append(conflict.cosine)
    return tuple(Conflict(group, losses, sum(c) / len(c)) for (group, losses), c in found.items())


def starved_of(steps: Sequence[Sequence[Starved]]) -> tuple[Starved, ...]:
    """What nothing reached in any one step, and what received zeros, or nothing, in every one."""
    by_step = [{found.group: found for found in step} for step in steps]
    result = []
    for group in dict.fromkeys(name for step in by_step for name in step):
        found = [step.get(group, Starved(group, (), (), whole=False)) for step in by_step]
        absent = tuple(dict.fromkeys(name for each in found for name in each.absent))
        zeros = tuple(
            name for name in found[0].zeros if name not in absent and all(name in each.zeros for each in found)
        )
        if absent or zeros:
            result.append(Starved(group, absent, zeros, all(each.whole for each in found)))
    return tuple(result)


def others_of(audits: Sequence[Audit]) -> tuple[Fault, ...]:
    """Every fault that no cell shows, once; where the steps differ, with the number of the first batch that has it."""
    found: dict[Fault, list[int]] = {}
    for number, audit in enumerate(audits, start=1):
        for fault in audit.others:
            found.setdefault(fault, []).append(number)
    return tuple(
        (kind, text if len(numbers) == len(audits) else f"batch {numbers[0]}: {text}")
        for (kind, text), numbers in found.items()
    )


def root_mean_square(norms: Sequence[float]) -> float:
    """Infinite or NaN where one is."""
    peak = max(norms)
    if not 0 < peak < float("inf") or any(norm != norm for norm in norms):
        return sum(norms) if peak != 0 else 0.0
    return peak * sqrt(sum((norm / peak) ** 2 for norm in norms) / len(norms))

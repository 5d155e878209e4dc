"""What each loss really does to each group: measured on the graph of a real step, never computed from the table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import inf

from stq.routing._engines import ENGINES, Engine
from stq.routing._gradients import (
    Gradients,
    gradients_set_aside,
    largest_difference,
    norm,
    pattern_differences,
    permitted_gradients,
    raw_gradients,
    relative_difference,
    rounding,
    run,
    times,
)
from stq.routing._plan import Plan
from stq.routing._router import Step
from stq.routing._verdicts import SEVERITY, Cell, describe, judge, starved


@dataclass(frozen=True)
class ModuleNorms:
    """The applied gradient norm of each loss, and of all together (`total`), on the parameters of one module."""

    module: str
    group: str
    norms: Mapping[str, float]
    total: float


@dataclass(frozen=True)
class Conflict:
    """The cosine between the raw gradients of two losses on one group: -1 is a fight, 0 none, 1 agreement."""

    group: str
    losses: tuple[str, str]
    cosine: float


@dataclass(frozen=True)
class Audit:
    """The outcome for one step.

    `reference_difference` is the largest absolute difference between the gradients of the engine under test and those
    of `reference`: 0 on a CPU, where both add the same numbers in the same order. `sum_difference` is the largest, over
    groups, of ||g - sum a w raw|| / sum a w ||raw||, the sum being taken by autograd itself in one pass a group: 0 on
    a CPU too. `faults` are pairs of a kind (one of `SEVERITY`) and a text that names what is wrong.
    """

    cells: tuple[Cell, ...]
    modules: tuple[ModuleNorms, ...]
    conflicts: tuple[Conflict, ...]
    reference: str
    reference_difference: float
    sum_difference: float
    passes: int
    faults: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """`pass`, or the gravest kind of fault."""
        kinds = {kind for kind, _ in self.faults}
        return next((kind for kind in SEVERITY if kind in kinds), "pass")

    @property
    def problems(self) -> tuple[str, ...]:
        """The texts of the faults."""
        return tuple(text for _, text in self.faults)


def audit_step(plan: Plan, step: Step, engine: Engine, *, tolerance: float = 1e-5) -> Audit:
    """Measure `engine` on the retained graph of `step`. The gradients that were there before are put back.

    The engine is compared with `save-restore` (with `pruned` where it is `save-restore`), with the sum of the permitted
    gradients, and with itself: at twice the scale it must add twice as much to what is there. Each may differ by
    `tolerance` of the size of the gradients, or by four roundings of the coarsest parameter where that is more: kernels
    and engines may add in another order. Routing that is wrong differs by far more.

    Backward hooks of the parameters fire in an audit as in a step.
    """
    reference = "pruned" if engine is ENGINES["save-restore"] else "save-restore"
    alive = {name: loss for name, loss in step.losses.items() if loss.requires_grad}
    with gradients_set_aside(plan):
        raw = {name: raw_gradients(plan, name, loss) for name, loss in step.losses.items()}
        alone = {name: run(plan, engine, {name: loss}) for name, loss in alive.items()}
        together = run(plan, engine, alive)
        tripled = run(plan, engine, alive, 2.0, onto=True)
        expected_by_reference = run(plan, ENGINES[reference], alive)
        permitted = permitted_gradients(plan, alive)
    cells = tuple(
        judge(plan, loss, group.name, names, raw[loss], alone.get(loss, {}), step.losses[loss])
        for loss in step.losses
        for group in plan.groups
        if (names := [name for name, _ in group.parameters])
    )
    difference = largest_difference(together, expected_by_reference)
    sum_difference = relative_difference(plan, together, permitted, raw)
    faults = [(cell.verdict, describe(cell)) for cell in cells if cell.verdict in SEVERITY]
    faults += [("starved", text) for text in starved(plan, together)]
    if not any(kind in ("leak", "nonfinite") for kind, _ in faults):
        bound = max(tolerance, rounding(plan))
        if relative_difference(plan, together, expected_by_reference, raw) > bound:
            faults.append(("mismatch", f"gradients differ from those of {reference} by up to {difference:.3g}"))
        if sum_difference > bound:
            text = f"gradients differ from the sum of what is permitted by {sum_difference:.3g} of its size"
            faults.append(("mismatch", text))
        if relative_difference(plan, tripled, times(3.0, together), raw) > bound:
            text = "at twice the scale the engine doesn't add twice its gradients to those that are there"
            faults.append(("mismatch", f"{text}: it ignores the scale, or overwrites what was accumulated"))
        for name in pattern_differences(together, expected_by_reference):
            there = "None" if together[name] is None else "a gradient of zeros, which momentum and decay would act on"
            faults.append(("mismatch", f"the engine leaves {there} on {name}, and {reference} does not"))
    return Audit(
        cells=cells,
        modules=tuple(module_norms(plan, alone, together)),
        conflicts=tuple(conflicts(plan, raw)),
        reference=reference,
        reference_difference=difference,
        sum_difference=sum_difference,
        passes=1 if engine is ENGINES["joint"] else plan.passes,
        faults=tuple(faults),
    )


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
        reaching = [loss for loss, gradients in raw.items() if 0 < norm(gradients, names) < inf]
        for a, b in combinations(reaching, 2):
            product = sum(
                float((x.double() * y.double()).sum())
                for name in names
                if (x := raw[a][name]) is not None and (y := raw[b][name]) is not None
            )
            yield Conflict(group.name, (a, b), product / (norm(raw[a], names) * norm(raw[b], names)))

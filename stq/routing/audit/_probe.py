"""The audit of steps as training takes them: between forward and backward, and after the whole backward."""

from dataclasses import replace

from torch import nn

from stq.errors import RoutingError
from stq.routing._engines import Engine
from stq.routing._plan import Plan
from stq.routing._step import Step
from stq.routing.audit._gradients import Gradients, differences, inner, norm, plain
from stq.routing.audit._measure import Measured, measure
from stq.routing.audit._over_steps import over_steps
from stq.routing.audit._result import Audit
from stq.routing.audit._verdicts import Fault

LOWERED = 2.0
"""A trial at a scale that is off by this factor was lowered: the nearest power of two is within a factor of 1.42 of
training's own scale, and each step down takes a factor of 4."""


class Auditor:
    """A probe (`router.probe = Auditor(model)`) that audits each step before its backward.

    Where that finds nothing, the step goes on, so that the backward itself runs as in training, with everything that
    hangs on it; `after_backward`, called then, holds what stands in `.grad` against what the engine gave, and empties
    it. The step ends there, and its real backward is not looked at, where something was found, and where the gradients
    overflow at the scale that training has, so that the audit had to measure at a lower one: a gradient scaler would
    skip that step and come down, and what it overflowed to can't be held against anything. Gradients are to be empty
    before each step.
    """

    def __init__(self, model: nn.Module | None = None, *, tolerance: float = 1e-5) -> None:
        self.model = model
        self.tolerance = tolerance
        self.audits: list[Audit] = []
        self._plan: Plan | None = None
        self._open: tuple[Measured, float] | None = None

    def __call__(self, plan: Plan, step: Step, engine: Engine) -> bool:
        """Audit the step; whether its backward is to run."""
        stale = [name for name, parameter in plan.groups.named_parameters(frozen=True) if parameter.grad is not None]
        measured = measure(plan, step, engine, model=self.model, timed=not self.audits, tolerance=self.tolerance)
        others = [*measured.audit.others, *stale_faults(stale), *scale_faults(step)]
        audit = replace(measured.audit, others=tuple(others))
        self.audits.append(audit)
        self._plan = plan
        scale = step.factor
        goes_on = audit.verdict == "pass" and scale / LOWERED < measured.trial.scale < scale * LOWERED
        self._open = (measured, scale) if goes_on else None
        return goes_on

    def after_backward(self) -> None:
        """Look at what the whole backward left, and empty the gradients for the next step."""
        if self._open is not None:
            measured, scale = self._open
            found = {name: plain(parameter.grad, scale) for name, parameter in measured.trial.named}
            others = (*self.audits[-1].others, *beside_the_engine(measured, found))
            self.audits[-1] = replace(self.audits[-1], others=others)
        self._open = None
        for _, parameter in [] if self._plan is None else self._plan.groups.named_parameters(frozen=True):
            parameter.grad = None

    def result(self) -> Audit:
        """All steps in one. Raises RoutingError where none was seen."""
        if not self.audits:
            raise RoutingError(
                "the training step ended without a routed backward: there is nothing to audit. Return "
                "router.total(losses) and let router.backward(loss) run (in a LightningModule, RoutedBackward before "
                "LightningModule among the bases does)"
            )
        return over_steps(self.audits)


def stale_faults(names: list[str]) -> list[Fault]:
    """Gradients that were there before the backward: the step made them itself, or nobody emptied them."""
    return [
        (
            "leak",
            f"{name} has a gradient before the backward begins: it was left by the step before, or the step ran a "
            f"backward of its own, past the routing; empty the gradients (zero_grad) before each audited step, and "
            f"make what is moved in that backward a loss with a route",
        )
        for name in names
    ]


def scale_faults(step: Step) -> list[Fault]:
    """A total that is multiplied by nothing that training multiplies by."""
    scale = step.factor
    if 0 < scale < float("inf"):
        return []
    return [
        (
            "mismatch",
            f"the total of the losses is multiplied by {scale:g} before the backward; multiply it by nothing that is "
            f"not finite and above zero, and turn a loss around or off in the loss itself or by its weight",
        )
    ]


def beside_the_engine(measured: Measured, found: Gradients) -> list[Fault]:
    """What the whole backward did that the engine did not; gradients may be shortened, as clipping does."""
    plan, applied = measured.trial.plan, measured.applied
    where = "after the whole backward: an override of it, or a callback, runs beside the engine"
    faults: list[Fault] = [
        ("leak", f"{name} has a gradient that the engine did not give, {where}")
        for name in found
        if applied[name] is None and found[name] is not None
    ]
    faults += [
        ("starved", f"{name} has lost the gradient that the engine gave it, {where}")
        for name in found
        if applied[name] is not None and found[name] is None
    ]
    for group in plan.groups:
        names = [name for name, _ in group.parameters]
        size = norm(applied, names)
        if size == 0:
            continue
        shrink = min(1.0, inner(found, applied, names, (size, size)))
        if not shrink > 0:  # clipping shortens, and neither turns around nor takes away
            faults.append(("mismatch", f"the gradients of {group.name} point away from the engine's {where}"))
            continue
        expected = {name: None if (g := applied[name]) is None else shrink * g for name in names}
        gap = norm(differences({name: found[name] for name in names}, expected), names)
        if not gap <= 2 * measured.bound * size:
            faults.append(("mismatch", f"the gradients of {group.name} are not those of the engine {where}"))
    return faults

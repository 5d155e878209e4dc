"""Whether a loss changes what the others give to a group that it may not move."""

from collections.abc import Mapping

from torch import Tensor

from stq.routing._engines import Engine
from stq.routing.audit._gradients import Gradients, relative_differences
from stq.routing.audit._runs import Runs
from stq.routing.audit._trial import Trial

FACTOR = 1024.0
"""What a blocked loss is multiplied by: its leaks grow with it, and rounding does not."""


def influences(runs: Runs, bound: float) -> tuple[Gradients, set[tuple[str, str]]]:
    """Pairs of a loss and a group that blocks it, in which the group gets something else when the loss is multiplied.

    Comes with what the losses as they are leave in `.grad`, from empty gradients and with every hook at work. That is
    the isolation itself, tested from outside, with the hooks of the parameters at work: a loss that leaks only beside
    others, or by a hook, is found and named. A hook may wait for gradients that are there, as in accumulation, so that
    each run is followed by another one onto what it left.
    """
    trial, engine, plan = runs.trial, runs.engine, runs.plan
    first, second = in_turn(trial, engine, trial.alive)
    found = set()
    for loss, value in trial.alive.items():
        blocked = [group.name for group in plan.groups if plan.allowed(loss, group.name) == 0]
        if not blocked:
            continue
        changed, accumulated = in_turn(trial, engine, {**trial.alive, loss: value * FACTOR})
        gaps = relative_differences(plan, changed, first, runs.raw)
        later = relative_differences(plan, accumulated, second, runs.raw)
        found |= {(loss, group) for group in blocked if gaps[group] > bound or later[group] > 2 * bound}
    return first, found


def in_turn(trial: Trial, engine: Engine, losses: Mapping[str, Tensor]) -> tuple[Gradients, Gradients]:
    """What a run with hooks leaves in `.grad`, and what one more leaves that adds to it."""
    return trial.run(engine, losses, hooks=True), trial.run(engine, losses, hooks=True, afresh=False)

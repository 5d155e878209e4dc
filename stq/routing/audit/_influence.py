"""Whether a loss changes what the others give to a group that it may not move."""

from collections.abc import Mapping, Sequence

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

    def moved_by(losses: Sequence[str]) -> set[str]:
        """The groups that get something else when these losses are multiplied, each by a factor of its own."""
        larger = {loss: trial.alive[loss] * (FACTOR * (1 + place / len(losses))) for place, loss in enumerate(losses)}
        changed, accumulated = in_turn(trial, engine, {**trial.alive, **larger})
        gaps = relative_differences(plan, changed, first, runs.raw)
        later = relative_differences(plan, accumulated, second, runs.raw)
        return {group.name for group in plan.groups if gaps[group.name] > bound or later[group.name] > 2 * bound}

    alike: dict[frozenset[str], list[str]] = {}
    for loss in trial.alive:
        blocked = frozenset(group.name for group in plan.groups if plan.allowed(loss, group.name) == 0)
        alike.setdefault(blocked, []).append(loss)
    found = set()
    for blocked, losses in alike.items():
        # All that the same groups block at once: one by one where there is something to find, or just one.
        if blocked and (len(losses) == 1 or moved_by(losses) & blocked):
            found |= {(loss, group) for loss in losses for group in moved_by([loss]) & blocked}
    return first, found


def in_turn(trial: Trial, engine: Engine, losses: Mapping[str, Tensor]) -> tuple[Gradients, Gradients]:
    """What a run with hooks leaves in `.grad`, and what one more leaves that adds to it."""
    return trial.run(engine, losses, hooks=True), trial.run(engine, losses, hooks=True, afresh=False)

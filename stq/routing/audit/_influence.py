"""Whether a loss changes what the others give to a group that it may not move."""

from stq.routing._engines import Engine
from stq.routing.audit._gradients import Gradients, relative_differences
from stq.routing.audit._trial import Trial

FACTOR = 1024.0
"""What a blocked loss is multiplied by: its leaks grow with it, and rounding does not."""


def influences(
    trial: Trial, engine: Engine, base: Gradients, raw: dict[str, Gradients], bound: float
) -> set[tuple[str, str]]:
    """Pairs of a loss and a group that blocks it, in which the group gets something else when the loss is multiplied.

    `base` is what a run with hooks gave for the losses as they are. That is the isolation itself, tested from outside,
    with the hooks of the parameters at work: a loss that leaks only beside others, or by a hook, is found and named.
    """
    found = set()
    for loss, value in trial.alive.items():
        blocked = [group.name for group in trial.plan.groups if trial.plan.allowed(loss, group.name) == 0]
        if not blocked:
            continue
        changed = trial.run(engine, {**trial.alive, loss: value * FACTOR}, hooks=True)
        gaps = relative_differences(trial.plan, changed, base, raw)
        found |= {(loss, group) for group in blocked if gaps[group] > bound}
    return found

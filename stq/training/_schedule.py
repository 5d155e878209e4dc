"""The learning-rate schedule of a spec, in torch's own schedulers."""

import math
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)

from stq.spec import CENTRAL, ScheduleSpec

Clocked = dict[str, Any]
"""A scheduler as Lightning takes it: with its `interval`, and a plateau with what it has to `monitor`."""


def build_schedule(optimiser: Optimizer, schedule: ScheduleSpec, *, steps: int, steps_per_epoch: int) -> list[Clocked]:
    """The schedulers that together change every group's rate as the spec says, over a run of `steps` steps.

    Those of an epoch's clock only multiply the rate that they find, so that they go together with a warm-up by step.
    """
    warmup = round(schedule.warmup * steps)
    if schedule.name in ("constant", "cosine") and schedule.interval == "step":
        return [clocked(warm_cosine(optimiser, warmup, steps, falling=schedule.name == "cosine"), "step")]
    if schedule.name == "one-cycle":
        return [clocked(one_cycle(optimiser, schedule.warmup * steps, steps), "step")]
    found = []
    if warmup > 0:
        found.append(clocked(LinearLR(optimiser, start_factor=1 / (warmup + 1), total_iters=warmup), "step"))
    if schedule.plateau is not None:
        falling = ReduceLROnPlateau(optimiser, factor=schedule.plateau.factor, patience=schedule.plateau.patience)
        found.append({**clocked(falling, "epoch"), "monitor": monitored(schedule)})
    elif schedule.step is not None:
        stairs = StepLR(optimiser, step_size=schedule.step.every, gamma=schedule.step.factor)
        found.append(clocked(stairs, schedule.interval))
    elif schedule.exponential is not None:
        found.append(clocked(ExponentialLR(optimiser, gamma=schedule.exponential.factor), schedule.interval))
    else:
        epochs = math.ceil(steps / steps_per_epoch)
        found.append(clocked(CosineAnnealingLR(optimiser, T_max=epochs), schedule.interval))
    return found


def warm_cosine(optimiser: Optimizer, warmup: int, steps: int, *, falling: bool) -> LambdaLR:
    """A linear warm-up, then constant or, `falling`, half a cosine to zero.

    In closed form, not as a sequence of torch's schedulers, which multiply their way along and collect rounding.
    """

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if not falling:
            return 1.0
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))

    return LambdaLR(optimiser, factor)


def one_cycle(optimiser: Optimizer, rise: float, steps: int) -> OneCycleLR:
    """One cycle whose peak is each group's own rate, reached after `rise` steps. Momentum stays as it is.

    torch divides by zero where the rise is one step, or where none is left for the fall.
    """
    total = max(steps, 3)
    share = min(max(rise, 2), total - 1) / total
    peaks = [float(group["lr"]) for group in optimiser.param_groups]
    return OneCycleLR(optimiser, max_lr=peaks, total_steps=total, pct_start=share, cycle_momentum=False)


def clocked(scheduler: LRScheduler, interval: Literal["step", "epoch"]) -> Clocked:
    """The scheduler and its clock, as Lightning takes them."""
    return {"scheduler": scheduler, "interval": interval}


def monitored(schedule: ScheduleSpec) -> str:
    """The name under which the module logs what a plateau waits for; that of the central error unless it is a loss."""
    if schedule.plateau is None or schedule.plateau.monitor == CENTRAL:
        return CENTRAL
    return f"val_loss/{schedule.plateau.monitor}"

"""How fast a training goes, and how long it may still take."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stq.training import Started

EPOCHS = 10
"""Over how many epochs the rate is taken: few enough to follow a machine that has become slower or faster."""


class Pace:
    """Steps per second over the last epochs of this process, validation included, and the time that is left at most.

    What a resumed run took before it was stopped counts nothing. Until the first validation is over it is not in the
    rate. Patience may end a training before its budget is spent; it does not last longer.
    """

    def __init__(self, event: "Started", clock: Callable[[], float] = time.monotonic) -> None:
        self.event = event
        self.clock = clock
        self.marks = deque([(clock(), event.first_step)], maxlen=EPOCHS + 1)
        self.epoch_from = event.first_epoch * event.steps_per_epoch
        self.step = event.first_step

        self.epochs = float(event.first_epoch)
        """Epochs that are done, with the share that is done of the one at work."""

    def stepped(self, epoch: int, step: int) -> None:
        """A step is done, in an epoch that is counted from 0."""
        share = (step - self.epoch_from) / max(self.event.steps_per_epoch, 1)
        self.step, self.epochs = step, epoch + min(max(share, 0.0), 1.0)

    def epoch_ended(self, epoch: int, step: int) -> None:
        """An epoch is done, with its validation."""
        self.step = self.epoch_from = step
        self.epochs = epoch + 1
        self.marks.append((self.clock(), step))

    def rate(self) -> float | None:
        """Steps per second; None before there is one."""
        since, first = self.marks[0]
        seconds = self.clock() - since
        return (self.step - first) / seconds if self.step > first and seconds > 0 else None

    def left(self) -> float | None:
        """Seconds until the budget of epochs, or that of steps, is spent; None where there is no rate yet."""
        rate = self.rate()
        if rate is None:
            return None
        steps = max(self.event.epochs - self.epochs, 0) * self.event.steps_per_epoch
        if self.event.most_steps is not None:
            steps = min(steps, max(self.event.most_steps - self.step, 0))
        return steps / rate

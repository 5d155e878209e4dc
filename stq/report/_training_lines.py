"""Training for a log file: one line an epoch, and in a long one a line every half minute."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from stq.report._numbers import duration, significant, steady
from stq.report._pace import Pace
from stq.report._training_plan import training_plan

if TYPE_CHECKING:
    from stq.app import Ready
    from stq.training import EpochEnded, Started, Stepped

SILENCE_SECONDS = 30.0
"""After so long without a line, a step has one."""


class TrainingLines:
    """A training observer that writes plain lines to `console`; `*` marks an epoch that is the best so far.

    With `every_step` there is a line for each step as well, otherwise for one that ends long after the last line.
    """

    def __init__(
        self, console: Console, *, every_step: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console
        self.every_seconds = 0.0 if every_step else SILENCE_SECONDS
        self.clock = clock
        self.last_line = clock()
        self.last_skipped = ""
        self.pace: Pace | None = None

    def __enter__(self) -> "TrainingLines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ready(self, ready: "Ready") -> None:
        """The plan."""
        self.console.print(training_plan(ready))

    def started(self, event: "Started") -> None:
        """Where it runs, and from where on."""
        self.pace = Pace(event, self.clock)
        self.print(start_line(event))

    def stepped(self, event: "Stepped") -> None:
        """Means of the losses over the epoch so far, unweighted."""
        assert self.pace is not None  # for the type checker: training has started
        self.pace.stepped(event.epoch, event.step)
        if self.clock() - self.last_line >= self.every_seconds:
            self.print(step_line(event, self.pace))

    def epoch_ended(self, event: "EpochEnded") -> None:
        """The line of an epoch: losses are means over its training batches, unweighted; and why a step was left out."""
        assert self.pace is not None  # for the type checker: training has started
        self.pace.epoch_ended(event.epoch, event.step)
        self.print(epoch_line(event, self.pace))
        if event.last_skipped != self.last_skipped:
            self.last_skipped = event.last_skipped
            self.print(f"  left out {event.last_skipped}")

    def print(self, line: str) -> None:
        """One line, however long."""
        self.last_line = self.clock()
        self.console.print(Text(line), soft_wrap=True)


class TrainingInSilence:
    """A training observer, and context manager, that shows nothing."""

    def __enter__(self) -> "TrainingInSilence":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ready(self, ready: "Ready") -> None:
        """Not shown."""

    def started(self, event: "Started") -> None:
        """Not shown."""

    def stepped(self, event: "Stepped") -> None:
        """Not shown."""

    def epoch_ended(self, event: "EpochEnded") -> None:
        """Not shown."""


def start_line(event: "Started") -> str:
    """The device, the budget, where a resumed run goes on, and what the star of `epoch_line` means."""
    resumed = f", going on after epoch {event.first_epoch}" if event.first_epoch else ""
    budget = f"at most {event.epochs} epochs of {event.batches_per_epoch} batches"
    return f"training on {event.device}: {budget}{resumed}; * is the best so far"


def step_line(event: "Stepped", pace: Pace) -> str:
    """Names and numbers within an epoch; `75 %` is the share of its steps that are done."""
    parts = [
        f"  epoch {event.epoch + 1}/{pace.event.epochs} {100 * (pace.epochs - event.epoch):3.0f} %",
        f"step {event.step:5}",
        *(f"{name} {steady(value)}" for name, value in event.losses.items()),
        *pace_words(pace),
    ]
    return "  ".join(parts)


def pace_words(pace: Pace) -> list[str]:
    """How fast it goes, and how long it may take."""
    rate, left = pace.rate(), pace.left()
    words = [] if rate is None else [f"{steady(rate, 3)} steps/s"]
    return [*words, f"{duration(left)} left at most"] if left else words


def epoch_line(event: "EpochEnded", pace: Pace) -> str:
    """Names and numbers of one epoch; epochs count from 1."""
    epochs = pace.event.epochs
    width = len(str(epochs))
    parts = [
        f"epoch {event.epoch + 1:{width}}/{epochs}",
        f"step {event.step:5}",
        *(f"{name} {steady(value)}" for name, value in event.train_losses.items()),
        f"val_central {event.val_central:.4f}",
        *([] if event.monitor == "val_central" else [f"{event.monitor} {event.monitored:.4f}"]),
        f"lr {significant(next(iter(event.learning_rates.values()), None))}",
        f"{event.seconds:.1f} s",
        *pace_words(pace),
        *([f"{event.skipped_steps} steps left out"] if event.skipped_steps else []),
    ]
    return "  ".join(parts) + (" *" if event.best else "")

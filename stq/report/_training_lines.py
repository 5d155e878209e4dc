"""Training for a log file: one line an epoch."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from stq.report._numbers import significant, steady
from stq.report._training_plan import training_plan

if TYPE_CHECKING:
    from stq.app import Ready
    from stq.training import EpochEnded, Started, Stepped


class TrainingLines:
    """A training observer that writes plain lines to `console`; `*` marks an epoch that is the best so far.

    With `every_step` there is a line for each step as well.
    """

    def __init__(self, console: Console, *, every_step: bool = False) -> None:
        self.console = console
        self.every_step = every_step
        self.epochs = 0
        self.last_skipped = ""

    def __enter__(self) -> "TrainingLines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ready(self, ready: "Ready") -> None:
        """The plan."""
        self.console.print(training_plan(ready))

    def started(self, event: "Started") -> None:
        """Where it runs, and from where on."""
        self.epochs = event.epochs
        self.console.print(Text(start_line(event)))

    def stepped(self, event: "Stepped") -> None:
        """Means of the losses over the epoch so far, unweighted."""
        if self.every_step:
            losses = "  ".join(f"{name} {steady(value)}" for name, value in event.losses.items())
            self.console.print(Text(f"  step {event.step:5}  {losses}"), soft_wrap=True)

    def epoch_ended(self, event: "EpochEnded") -> None:
        """The line of an epoch: losses are means over its training batches, unweighted; and why a step was left out."""
        self.console.print(Text(epoch_line(event, self.epochs)), soft_wrap=True)
        if event.last_skipped != self.last_skipped:
            self.last_skipped = event.last_skipped
            self.console.print(Text(f"  left out {event.last_skipped}"), soft_wrap=True)


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
    """The device, the budget, and where a resumed run goes on."""
    resumed = f", going on after epoch {event.first_epoch}" if event.first_epoch else ""
    return f"training on {event.device}: at most {event.epochs} epochs of {event.batches_per_epoch} batches{resumed}"


def epoch_line(event: "EpochEnded", epochs: int) -> str:
    """Names and numbers of one epoch; epochs count from 1."""
    width = len(str(epochs))
    parts = [
        f"epoch {event.epoch + 1:{width}}/{epochs}",
        f"step {event.step:5}",
        *(f"{name} {steady(value)}" for name, value in event.train_losses.items()),
        f"val_central {event.val_central:.4f}",
        *([] if event.monitor == "val_central" else [f"{event.monitor} {event.monitored:.4f}"]),
        f"lr {significant(next(iter(event.learning_rates.values()), None))}",
        f"{event.seconds:.1f} s",
        *([f"{event.skipped_steps} steps left out"] if event.skipped_steps else []),
    ]
    return "  ".join(parts) + (" *" if event.best else "")

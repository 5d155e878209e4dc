"""Training on a terminal: one live block with the progress, the losses and the best epoch."""

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from stq.report._numbers import aligned, significant
from stq.report._table import add_row, new_table
from stq.report._training_lines import start_line
from stq.report._training_plan import training_plan

if TYPE_CHECKING:
    from stq.app import Ready
    from stq.training import EpochEnded, Started, Stepped


class TrainingDisplay:
    """A training observer and context manager: the live block stands from the first step to the exit of the context."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live  # these two take their time, and most commands show no progress
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.console = console
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("passed,"),
            TimeRemainingColumn(),
            TextColumn("left at most"),
            console=console,
            auto_refresh=False,
        )
        # Once a second, as often as its clock moves on: to draw it takes milliseconds from the training.
        self.live = Live(self, console=console, refresh_per_second=1)
        self.task = self.progress.add_task("")
        self.epochs = 0
        self.steps_per_epoch = 1
        self.step_before = 0
        self.best = ""
        self.status = ""
        self.train: dict[str, float] = {}
        self.validation: dict[str, float] = {}

    def __enter__(self) -> "TrainingDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def __rich__(self) -> Group:
        return Group(self.progress, Text(self.status), self.losses())

    def ready(self, ready: "Ready") -> None:
        """The plan, above the live block."""
        self.console.print(training_plan(ready))

    def started(self, event: "Started") -> None:
        """The block appears."""
        self.console.print(Text(start_line(event)))
        self.epochs, self.steps_per_epoch = event.epochs, max(event.steps_per_epoch, 1)
        self.step_before = event.first_epoch * self.steps_per_epoch
        self.progress.update(self.task, total=event.epochs, completed=event.first_epoch)
        self.show_epoch(event.first_epoch)
        self.live.start()

    def stepped(self, event: "Stepped") -> None:
        """The bar moves within its epoch."""
        self.train = dict(event.losses)
        done = min((event.step - self.step_before) / self.steps_per_epoch, 1.0)
        self.progress.update(self.task, completed=event.epoch + max(done, 0.0))

    def epoch_ended(self, event: "EpochEnded") -> None:
        """All numbers are renewed."""
        self.steps_per_epoch = max(event.step - self.step_before, 1)
        self.step_before = event.step
        self.train, self.validation = dict(event.train_losses), dict(event.validation_losses)
        if event.best:
            self.best = f"best {event.monitored:.4f} * at epoch {event.epoch + 1}"
        lr = significant(next(iter(event.learning_rates.values()), None))
        now = f"epoch {event.epoch + 1}, step {event.step}: {event.monitor} {event.monitored:.4f}"
        skipped = f"{event.skipped_steps} steps left out" if event.skipped_steps else ""
        parts = (now, self.best, f"lr {lr}", f"{event.seconds:.1f} s", skipped)
        self.status = "  ".join(part for part in parts if part)
        self.progress.update(self.task, completed=event.epoch + 1)
        self.show_epoch(event.epoch + 1)

    def show_epoch(self, done: int) -> None:
        """The number of the epoch at work, from 1."""
        self.progress.update(self.task, description=f"epoch {min(done + 1, self.epochs)}/{self.epochs}")

    def losses(self) -> Table:
        """Unweighted means of each loss over the epoch."""
        table = new_table("loss", "train>", "validation>")
        train = aligned(list(self.train.values()))
        validation = aligned([self.validation.get(name) for name in self.train])
        for row in zip(self.train, train, validation, strict=True):
            add_row(table, *row)
        return table

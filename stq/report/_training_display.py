"""Training on a terminal: one live block with the progress, the losses and the best epoch."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from stq.report._numbers import aligned, duration, significant
from stq.report._pace import Pace
from stq.report._table import add_row, new_table
from stq.report._training_lines import pace_words, start_line
from stq.report._training_plan import training_plan

if TYPE_CHECKING:
    from stq.app import Ready
    from stq.training import EpochEnded, Started, Stepped


class TrainingDisplay:
    """A training observer and context manager: the live block stands from the first step to the exit of the context."""

    every_seconds = 1.0
    """A step that takes long is shown as soon as it is done."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.live import Live  # takes its time, and most commands show no progress

        self.console = console
        self.clock = clock
        self.live = Live(self, console=console, refresh_per_second=1)
        self.pace: Pace | None = None
        self.since = clock()
        self.status = Text()
        self.best = ""
        self.train: dict[str, float] = {}
        self.validation: dict[str, float] = {}

    def __enter__(self) -> "TrainingDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def __rich__(self) -> Group:
        blocks: list[Table | Text] = [] if self.pace is None else [self.bar(self.pace)]
        if self.status:
            blocks.append(self.status)
        if self.train:
            blocks += [Text(), self.losses()]
        return Group(*blocks)

    def ready(self, ready: "Ready") -> None:
        """The plan, above the live block."""
        self.console.print(training_plan(ready))

    def started(self, event: "Started") -> None:
        """The block appears."""
        self.console.print(Text(start_line(event)))
        self.pace, self.since = Pace(event, self.clock), self.clock()
        self.live.start()

    def stepped(self, event: "Stepped") -> None:
        """The bar moves within its epoch."""
        assert self.pace is not None  # for the type checker: training has started
        self.train = dict(event.losses)
        self.pace.stepped(event.epoch, event.step)

    def epoch_ended(self, event: "EpochEnded") -> None:
        """All numbers are renewed."""
        assert self.pace is not None  # for the type checker: training has started
        self.pace.epoch_ended(event.epoch, event.step)
        self.train, self.validation = dict(event.train_losses), dict(event.validation_losses)
        if event.best:
            self.best = f"best {event.monitored:.4f} * at epoch {event.epoch + 1}"
        lr = significant(next(iter(event.learning_rates.values()), None))
        now = f"epoch {event.epoch + 1}, step {event.step}: {event.monitor} {event.monitored:.4f}"
        skipped = f"{event.skipped_steps} steps left out" if event.skipped_steps else ""
        parts = (now, self.best, f"lr {lr}", f"{event.seconds:.1f} s", skipped)
        self.status = Text("  ".join(part for part in parts if part))
        if event.best:
            self.status.highlight_words([self.best], "green")

    def bar(self, pace: Pace) -> Table:
        """The epoch at work, from 1; how much of the budget is spent; how fast it goes, and how long it may take."""
        from rich.progress_bar import ProgressBar

        words = [f"{duration(self.clock() - self.since)} passed", *pace_words(pace)]
        epochs = pace.event.epochs
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_column(no_wrap=True)
        grid.add_row(
            f"epoch {min(int(pace.epochs) + 1, epochs)}/{epochs}",
            ProgressBar(total=epochs, completed=pace.epochs),
            "  ".join(words),
        )
        return grid

    def losses(self) -> Table:
        """Unweighted means of each loss over the epoch."""
        table = new_table("loss", "train>", "validation>")
        train = aligned(list(self.train.values()))
        validation = aligned([self.validation.get(name) for name in self.train])
        for row in zip(self.train, train, validation, strict=True):
            add_row(table, *row)
        return table

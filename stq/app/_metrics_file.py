"""`metrics.csv`: one row an epoch, written as it ends."""

import csv
from pathlib import Path

from stq.errors import DiskError
from stq.training import EpochEnded, Started, Stepped

FIXED = ("epoch", "step", "seconds", "lr", "val_central", "best", "skipped_steps")


class MetricsFile:
    """An observer that appends the losses of each epoch: means over the epoch, unweighted, normalised units.

    `skipped_steps` counts those left out since the beginning of the run."""

    def __init__(self, path: Path, losses: tuple[str, ...], *, append: bool) -> None:
        self.path = path
        self.losses = losses
        self.append = append

    @property
    def columns(self) -> list[str]:
        """The header."""
        return [*FIXED, *(f"train_{loss}" for loss in self.losses), *(f"val_{loss}" for loss in self.losses)]

    def started(self, event: Started) -> None:
        """Write the header; a resumed run keeps the rows of the epochs that are done."""
        kept: list[dict[str, str]] = []
        if self.append and self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.DictReader(file) if int(row["epoch"]) <= event.first_epoch]
        self._write([dict(zip(self.columns, self.columns, strict=True)), *kept], "w")

    def stepped(self, event: Stepped) -> None:
        """Steps are not recorded."""

    def epoch_ended(self, event: EpochEnded) -> None:
        """One row. Epochs count from 1; `lr` is that of the first parameter group."""
        row = {
            "epoch": event.epoch + 1,
            "step": event.step,
            "seconds": f"{event.seconds:.3f}",
            "lr": next(iter(event.learning_rates.values())),
            "val_central": event.val_central,
            "best": int(event.best),
            "skipped_steps": event.skipped_steps,
        }
        row |= {f"train_{loss}": event.train_losses.get(loss, "") for loss in self.losses}
        row |= {f"val_{loss}": event.validation_losses.get(loss, "") for loss in self.losses}
        self._write([{key: str(value) for key, value in row.items()}], "a")

    def _write(self, rows: list[dict[str, str]], mode: str) -> None:
        try:
            with self.path.open(mode, newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns).writerows(rows)
        except OSError as error:
            raise DiskError(f"{self.path} can't be written: {error.strerror}") from error

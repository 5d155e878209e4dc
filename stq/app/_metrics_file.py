"""`metrics.csv`: one row an epoch, written as it ends."""

import csv
import io
import os
from contextlib import suppress
from pathlib import Path

from stq import files
from stq.documents import read_text
from stq.errors import CheckFailed
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
        """Write the header; a resumed run keeps the rows of the epochs that are done.

        Raises CheckFailed where the table is damaged, DiskError.
        """
        header = dict(zip(self.columns, self.columns, strict=True))
        try:
            lines = self._lines([header, *self._rows_until(event.first_epoch)])
        except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
            remedy = "mend it, or move it away: the run then goes on without the rows so far"
            raise CheckFailed(f"{self.path}: damaged ({error}); {remedy}") from error
        files.write(self.path, lines)

    def _rows_until(self, epoch: int) -> list[dict[str, str]]:
        if not (self.append and self.path.is_file()):
            return []
        return [row for row in rows_of(read_text(self.path)) if int(row["epoch"]) <= epoch]

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
        line = self._lines([{key: str(value) for key, value in row.items()}])
        size = self.path.stat().st_size if self.path.is_file() else 0
        try:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())  # before the checkpoint that says that the epoch is done
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, size)  # of a line of which the disk took a part
            raise files.disk_error(self.path, error, len(line)) from error

    def _lines(self, rows: list[dict[str, str]]) -> str:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self.columns).writerows(rows)
        return text.getvalue()


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of such a table. A last line without its end, which a crash can leave, is of no epoch that is done.

    Raises csv.Error where it is no table.
    """
    whole, end, _ = text.rpartition("\n")
    return list(csv.DictReader(io.StringIO(whole + end)))

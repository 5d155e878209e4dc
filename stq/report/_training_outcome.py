"""How training ended, and what to do next."""

from shlex import quote
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._table import pairs
from stq.report._training_plan import place

if TYPE_CHECKING:
    from stq.app import TrainResult


def training_outcome(result: "TrainResult") -> Group:
    """The last lines of `stq train`: the run's place and the two commands that read it."""
    early = ", stopped early: the validation error no longer fell" if result.stopped_early else ""
    steps = "1 step" if result.steps == 1 else f"{result.steps} steps"
    epochs = "1 epoch" if result.epochs == 1 else f"{result.epochs} epochs"
    skipped = f", {result.skipped_steps} of them left out" if result.skipped_steps else ""
    rows = [(result.status, f"{epochs}, {steps}{skipped}{early}")]
    if result.best_central is not None:
        rows.append(("best", f"val_central {result.best_central:.4f} (normalised units)"))
    if result.run is not None:
        run = place(result.run)
        rows.append(("bands", "calibrated" if result.calibrated else "not calibrated"))
        split = "" if "test" in result.splits else " --split val"
        rows += [("run", run), ("next", f"stq check-grads {quote(run)}"), ("next", f"stq eval {quote(run)}{split}")]
    return Group("", *(Text(f"note: {note}") for note in result.calibration_notes), pairs(rows))

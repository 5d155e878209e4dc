"""Steps that are left out because something in them is not finite: `trainer.on_nonfinite: skip`."""

from collections.abc import Mapping

from stq.errors import NonFiniteError

IN_A_ROW = 10
"""Steps left out one after the other, after which training is given up."""


class SkippedSteps:
    """How many steps were left out, and why the last one was.

    A step that is left out moves no weight and nothing that the optimiser keeps. It counts as a step all the same: the
    schedule, the order of the samples and the seeds go on as if it had been made, so that one bad batch changes nothing
    in what the others are. All of a window of accumulated batches is left out. (An average of the weights counts it
    too, with the weights as they stand.) Every process leaves out the same steps.
    """

    def __init__(self) -> None:
        self.total = 0
        self.in_a_row = 0
        self.last = ""

    def leave_out(self, why: str) -> None:
        """Count a step that is left out. Raises NonFiniteError where it is one too many in a row."""
        self.total += 1
        self.in_a_row += 1
        self.last = why
        if self.in_a_row >= IN_A_ROW:
            raise NonFiniteError(f"{self.in_a_row} steps in a row had to be left out; the last: {why}")

    def made(self) -> None:
        """A step was made."""
        self.in_a_row = 0

    def state(self) -> dict[str, int | str]:
        """What a checkpoint keeps."""
        return {"total": self.total, "in_a_row": self.in_a_row, "last": self.last}

    def load(self, state: Mapping[str, int | str]) -> None:
        """Go on from there."""
        self.total, self.in_a_row, self.last = int(state["total"]), int(state["in_a_row"]), str(state["last"])

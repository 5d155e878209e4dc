"""What `stq check` says of a spec that can train."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._numbers import significant, size_in_words
from stq.report._table import add_row, new_table, pairs, titled
from stq.report._training_plan import plan_rows

if TYPE_CHECKING:
    from stq.app import CheckResult, MemoryEstimate


TOO_MUCH = (
    "that may be more memory than there is: lower data.batch_size, cut data.patch, or set "
    "model.checkpoint_activations: true or data.memory: lazy"
)


def check_summary(result: "CheckResult") -> Group:
    """The experiment in figures, its losses and where they may reach, and the verdict."""
    table = new_table("name", "loss", "weight>", "may update", "from")
    for row in result.losses:
        reach = ", ".join(g if factor == 1 else f"{g} x {significant(factor)}" for g, factor in row.updates.items())
        add_row(table, row.name, row.loss, significant(row.weight), reach, row.distribution)
    figures = [row for row in plan_rows(result) if row[0] != "losses"]
    if result.memory is not None:
        figures.append(("memory", memory_in_words(result.memory)))
    if result.gradients is not None:
        figures.append(("gradients", f"{result.gradients}, of one batch"))
    figures += [("warning", warning) for warning in result.warnings]
    if result.memory is not None and not result.memory.fits:
        figures.append(("warning", TOO_MUCH))
    verdict = Text("pass", style="bold green").append(f": {result.name} can train", style="default not bold")
    return Group(titled("Losses", table), pairs(figures), Text(""), verdict)


def memory_in_words(memory: "MemoryEstimate") -> str:
    """The estimate and its parts."""
    kept = "unknown" if memory.activations is None else size_in_words(memory.activations)
    there = "" if memory.available is None else f" of {size_in_words(memory.available)}"
    own = f", Python and torch themselves {size_in_words(memory.runtime)}" if memory.runtime else ""
    return (
        f"about {size_in_words(memory.total)}{there} on {memory.device}: parameters and optimiser "
        f"{size_in_words(memory.parameters)}, a batch and its activations {kept}, "
        f"data {size_in_words(memory.data)}{own}"
    )

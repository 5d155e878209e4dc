"""The tables of `stq check-grads`."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stq.report._numbers import count, significant
from stq.report._table import add_row, new_table, pairs, titled

if TYPE_CHECKING:
    from stq.app import CheckGradsResult
    from stq.routing import Audit, Cell

STYLES = {"pass": "bold green", "ok": "green", "blocked": "cyan", "none": "dim"}
"""By verdict; every other one is a fault, in red."""
ABREAST = 5
"""Losses in one table of modules, so that it fits 80 columns."""


def gradient_tables(result: "CheckGradsResult") -> Group:
    """Losses by groups, modules by losses, the conflicts between losses, and the verdict."""
    parts = [matrix(result), modules(result)]
    if result.audit.conflicts:
        parts.append(conflicts(result))
    return Group(*parts, verdict(result))


def matrix(result: "CheckGradsResult") -> RenderableType:
    """What each loss has in each group, what the routing lets through, and what to think of it."""
    cells = {(cell.loss, cell.group): cell for cell in result.audit.cells}
    groups = [name for name, size in result.groups.items() if size.parameters]
    heads = (f"{name}\n{count(result.groups[name].elements)} parameters{frozen(result, name)}" for name in groups)
    table = new_table("loss", "weight>", *heads)
    for loss, weight in result.losses.items():
        add_row(table, loss, significant(weight), *(judged(cells[loss, group]) for group in groups))
    note = "Norm of the gradient in each group: what the loss has there -> what the routing lets through."
    if result.audit.steps > 1:
        note += f"\nRoot mean square over {result.audit.steps} batches; dead and starved are what is so in every one."
    return titled("Losses by groups", table, Text(note, style="dim"))


def frozen(result: "CheckGradsResult", group: str) -> str:
    """How a group that no loss may move is marked."""
    return ", frozen" if result.groups[group].frozen else ""


def judged(cell: "Cell") -> Text:
    """The verdict in a word and a colour, over the two norms."""
    text = worded(cell.verdict)
    text.append(f"\n{significant(cell.raw_norm)} -> {significant(cell.applied_norm)}", style="default not bold")
    return text


def worded(name: str) -> Text:
    """A verdict."""
    return Text(name, style=STYLES.get(name, "bold red"))


def modules(result: "CheckGradsResult") -> RenderableType:
    """The norm that each loss has, after routing, on each module of the forecaster; a few losses a table."""
    losses = list(result.losses)
    parts = [losses[start : start + ABREAST] for start in range(0, len(losses), ABREAST)]
    return titled("Modules by losses: norms after routing", *(module_table(result, part) for part in parts))


def module_table(result: "CheckGradsResult", losses: list[str]) -> Table:
    """One part of the losses, and all losses together."""
    table = new_table("module", *(f"{loss}>" for loss in losses), "all>")
    for _, rows in groupby(result.audit.modules, key=lambda row: row.group):
        for row in rows:
            norms = (significant(row.norms.get(loss, 0.0), 2) for loss in losses)
            add_row(table, row.module, *norms, significant(row.total, 2))
        table.add_section()
    return table


def conflicts(result: "CheckGradsResult") -> RenderableType:
    """How the losses agree where two of them depend on a group, the fiercest fight of each group first."""
    allowed = {(cell.loss, cell.group) for cell in result.audit.cells if cell.allowed > 0}
    table = new_table("group", "losses", "cosine>", "routing")
    for group in result.groups:
        for row in sorted((c for c in result.audit.conflicts if c.group == group), key=lambda c: c.cosine):
            reach = [loss for loss in row.losses if (loss, group) in allowed]
            word = {2: "both reach it", 1: f"{reach[0]} alone" if reach else "", 0: "neither"}[len(reach)]
            add_row(table, group, " and ".join(row.losses), f"{row.cosine:+.2f}", word)
        table.add_section()
    return titled("Conflicts: cosine between the gradients of two losses (-1 a fight, +1 agreement)", table)


def verdict(result: "CheckGradsResult") -> Table:
    """The lines to remember, and every problem."""
    audit = result.audit
    return pairs(
        [
            ("verdict", worded(audit.verdict)),
            *(("problem", problem) for problem in audit.problems),
            ("checked", f"{result.name}, {counted(audit.steps, 'batch', 'batches')} of {origin(result)}"),
            ("engine", f"{result.engine}, {counted(audit.passes, 'backward pass', 'backward passes')}{cost(audit)}"),
            (
                "reference",
                f"largest difference to the gradients of {audit.reference}: {audit.reference_difference:.3g}",
            ),
            ("", f"to the sum of what the routing permits: {audit.sum_difference:.2g} of its norm"),
        ]
    )


def origin(result: "CheckGradsResult") -> str:
    """Where the batches came from, in words."""
    return {"train": "the training data", "synthetic": "made-up numbers", "module": "its own"}[result.data]


def counted(number: int, one: str, many: str) -> str:
    """A number and what there is of it."""
    return f"{number} {one if number == 1 else many}"


def cost(audit: "Audit") -> str:
    """What the engine takes, beside a joint backward."""
    if audit.cost is None:
        return ""
    return f", {audit.cost.ratio:.2f} of the time of a joint one"

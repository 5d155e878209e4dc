"""The tables of `stq check-grads`."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._numbers import count, significant
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import CheckGradsResult
    from stq.routing import Cell

STYLES = {"pass": "bold green", "ok": "green", "blocked": "cyan", "none": "dim"}
"""By verdict; every other one is a fault, in red."""


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
    heads = (f"{name}\n{count(result.groups[name].elements)}{frozen(result, name)}" for name in groups)
    table = new_table("loss", "weight>", *heads)
    for loss, weight in result.losses.items():
        add_row(table, loss, significant(weight), *(judged(cells[loss, group]) for group in groups))
    note = "Norm of the gradient in each group: what the loss has there -> what the routing lets through."
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
    """The norm that each loss has, after routing, on each module of the forecaster."""
    losses = list(result.losses)
    table = new_table("module", *(f"{loss}>" for loss in losses), "all>")
    former = None
    for row in result.audit.modules:
        if former not in (None, row.group):
            table.add_section()
        former = row.group
        norms = (significant(row.norms.get(loss, 0.0)) for loss in losses)
        add_row(table, row.module, *norms, significant(row.total))
    return titled("Modules by losses: norms after routing", table)


def conflicts(result: "CheckGradsResult") -> RenderableType:
    """How the losses agree where two of them depend on a group, the fiercest fight of each group first."""
    allowed = {(cell.loss, cell.group) for cell in result.audit.cells if cell.allowed > 0}
    table = new_table("group", "losses", "cosine>", "routing")
    former = None
    for group in result.groups:
        for row in sorted((c for c in result.audit.conflicts if c.group == group), key=lambda c: c.cosine):
            if former not in (None, group):
                table.add_section()
            former = group
            reach = [loss for loss in row.losses if (loss, group) in allowed]
            word = {2: "both reach it", 1: f"{reach[0]} alone" if reach else "", 0: "neither"}[len(reach)]
            add_row(table, group, " and ".join(row.losses), f"{row.cosine:+.2f}", word)
    return titled("Conflicts: cosine between the gradients of two losses (-1 a fight, +1 agreement)", table)


def verdict(result: "CheckGradsResult") -> Text:
    """One line to remember, and below it every problem."""
    audit = result.audit
    text = worded(audit.verdict)
    passes = "1 backward pass" if audit.passes == 1 else f"{audit.passes} backward passes"
    text.append(
        f": engine {result.engine}, {passes}, on {result.data} data; at most {audit.reference_difference:.3g} from the "
        f"gradients of {audit.reference}, and {audit.sum_difference:.2g} of its norm from the permitted sum",
        style="default not bold",
    )
    for problem in audit.problems:
        text.append(f"\n  {problem}", style="default not bold")
    return text

"""What `stq check` says of a spec that can train."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._numbers import significant
from stq.report._table import add_row, new_table, pairs, titled
from stq.report._training_plan import plan_rows

if TYPE_CHECKING:
    from stq.app import CheckResult


def check_summary(result: "CheckResult") -> Group:
    """The experiment in figures, its losses and where they may reach, and the verdict."""
    table = new_table("name", "loss", "weight>", "may update", "from")
    for row in result.losses:
        reach = ", ".join(g if factor == 1 else f"{g} x {significant(factor)}" for g, factor in row.updates.items())
        add_row(table, row.name, row.loss, significant(row.weight), reach, row.distribution)
    figures = [row for row in plan_rows(result) if row[0] != "losses"]
    verdict = Text("pass", style="bold green").append(f": {result.name} can train", style="default not bold")
    return Group(titled("Losses", table), pairs(figures), Text(""), verdict)

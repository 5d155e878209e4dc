"""What the conformance kit found, and what was written for a new loss."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import NewLoss
    from stq.testing import Report


def conformance_tables(reports: "Sequence[Report]") -> Group:
    """One line a property: whether it holds and, where not, what was seen."""
    parts: list[RenderableType] = []
    for report in reports:
        table = new_table("property", "holds", "found")
        for each in report.properties:
            add_row(
                table, each.name, Text("yes", style="green") if each.passed else Text("no", style="red"), each.message
            )
        failed = len(report.failures)
        verdict = (
            "every property holds" if not failed else f"{failed} of {len(report.properties)} properties do not hold"
        )
        parts += [Text(report.name, style="bold underline"), table, Text(verdict, style="red" if failed else "green")]
    return Group(*parts)


def new_loss_text(new: "NewLoss") -> Group:
    """The files, and what comes next."""
    lines = [Text(f"wrote {file}") for file in new.files]
    return Group(*lines, Text("next  edit forward(), then"), *(Text(f"      {command}") for command in new.try_it))

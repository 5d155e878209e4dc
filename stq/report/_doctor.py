"""What `stq doctor` found."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import DoctorResult

STYLES = {"ok": "green", "warning": "yellow", "fault": "red"}


def doctor_table(result: "DoctorResult") -> Group:
    """One line a finding, what to do below the table, and the verdict."""
    table = new_table("what", "state", "found")
    for finding in result.findings:
        add_row(table, finding.name, Text(finding.state, style=STYLES[finding.state]), finding.found)
    advice = [
        Text(f"{finding.name}: ", style=f"bold {STYLES[finding.state]}").append(
            finding.advice, style="default not bold"
        )
        for finding in result.findings
        if finding.advice
    ]
    verdict = Text(result.verdict, style="bold " + STYLES.get(result.verdict, "green"))
    return Group(table, Text(""), *advice, *([Text("")] if advice else []), verdict)

"""The tables of `stq eval --origins`."""

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._numbers import ABSENT, significant
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import OriginsResult

COLUMNS = {
    "rmse": "RMSE",
    "skill_persistence": "skill over\npersist.",
    "skill_climatology": "skill over\nclimat.",
    "coverage_raw": "coverage\nraw",
    "coverage": "coverage",
    "crps": "CRPS",
}


def origin_tables(result: "OriginsResult") -> Group:
    """The blocks, and each figure as its mean over them with its least and greatest."""
    blocks = new_table("issued", "windows>")
    for block in result.origins:
        add_row(blocks, f"{block.first} to {block.last}", str(block.scored.samples))
    rows: dict[tuple[str, str, int], dict[str, str]] = defaultdict(dict)
    for spread in result.spread:
        bounds = f"{significant(spread.low)} to {significant(spread.high)}"
        rows[spread.variable, spread.units, spread.horizon][spread.figure] = f"{significant(spread.mean)}\n{bounds}"
    shown = [name for name in COLUMNS if any(name in row for row in rows.values())]
    table = new_table("variable, units", "horizon>", *(f"{COLUMNS[name]}>" for name in shown))
    for (variable, units, horizon), row in rows.items():
        label = f"{variable}, {units}" if units else variable
        add_row(table, label, str(horizon), *(row.get(name, ABSENT) for name in shown))
    words = "One run on all of them: nothing is trained or calibrated anew, and later blocks are further from training."
    count = len(result.origins)
    return Group(
        titled(f"{count} consecutive blocks of {result.split}", blocks),
        titled(f"Mean over the {count} blocks, and their least and greatest", table),
        Text(words),
    )

"""How every table of stq looks: aligned columns, one rule under the header, no frame."""

from collections.abc import Sequence

from rich.box import Box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

PLAIN = Box("    \n    \n -- \n    \n -- \n -- \n    \n    \n", ascii=True)
"""Rules of hyphens under the header and between sections, the same on a terminal and in a log file."""


def new_table(*columns: str) -> Table:
    """An empty table. A column whose name ends in `>` holds numbers: aligned to the right, never broken.

    A line break in a name makes the header so many lines high.
    """
    table = Table(box=PLAIN, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in columns:
        if name.endswith(">"):
            table.add_column(Text(name.removesuffix(">")), justify="right", no_wrap=True)
        else:
            table.add_column(Text(name), overflow="fold")
    return table


def add_row(table: Table, *cells: str | Text) -> None:
    """Add a row; square brackets in a text are square brackets."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))


def titled(title: str, *parts: RenderableType) -> Group:
    """Parts below a title, and an empty line after them."""
    return Group(Text(title, style="bold underline"), *parts, Text(""))


def pairs(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Names and what they are, without a header; a name that repeats is left out."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    former = None
    for name, value in rows:
        table.add_row(Text("" if name == former else name), value if isinstance(value, Text) else Text(value))
        former = name
    return table

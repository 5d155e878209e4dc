"""A terminal as a picture, the same bytes for the same words."""

import inspect
import re
from collections.abc import Sequence
from io import StringIO

from rich.console import Console, RenderableType
from rich.text import Text

WIDTH = 92
FONT = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def terminal_svg(screens: Sequence[tuple[str, RenderableType]]) -> str:
    """Commands and what they print, one below the other, as on a terminal of 92 columns.

    The fonts are those of whoever looks: nothing is fetched.
    """
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor", markup=False
    )
    for command, screen in screens:
        console.print(Text(f"$ {command}", style="bold"), Text(""), screen, Text(""), sep="\n")
    frame = inspect.signature(console.export_svg).parameters["code_format"].default
    return console.export_svg(title="stq", code_format=_plain(frame), unique_id="stq")


def _plain(svg: str) -> str:
    """rich's frame without its web fonts."""
    return re.sub(r"@font-face \{\{.*?\}\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", FONT)

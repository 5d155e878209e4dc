"""The console that people read from."""

from typing import TextIO

from rich.console import Console

WIDTH_OFF_TERMINAL = 120


def console_for(stream: TextIO) -> Console:
    """A console on `stream`: of the terminal's width and colours (NO_COLOR: none), or plain and of fixed width."""
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH_OFF_TERMINAL
    return console

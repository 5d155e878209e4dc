"""The console that people read from."""

from typing import NoReturn, TextIO

from rich.console import Console

WIDTH_OFF_TERMINAL = 120


class Screen(Console):
    """A console that leaves a closed pipe to the outer edge, where rich would exit by itself."""

    def on_broken_pipe(self) -> NoReturn:
        """Called by rich while it catches the error."""
        raise BrokenPipeError


def console_for(stream: TextIO) -> Console:
    """A console on `stream`: of the terminal's width and colours (NO_COLOR: none), or plain and of fixed width."""
    screen = Screen(file=stream, markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = WIDTH_OFF_TERMINAL
    return screen

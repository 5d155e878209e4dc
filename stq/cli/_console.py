"""The console that people read from."""

from collections.abc import Iterable
from typing import NoReturn, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from stq.report import inert_text

WIDTH_OFF_TERMINAL = 120


class Screen(Console):
    """A console that shows control characters in a text, and leaves a closed pipe to the outer edge.

    Rich would pass the former on to the terminal, and exit by itself at the latter.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments whose texts a terminal does not act on; rich's own control codes stand in segments of their own."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(inert_text(text), style)

    def on_broken_pipe(self) -> NoReturn:
        """Called by rich while it catches the error."""
        raise BrokenPipeError


def console_for(stream: TextIO) -> Console:
    """A console on `stream`: of the terminal's width and colours (NO_COLOR: none), or plain and of fixed width."""
    screen = Screen(file=stream, markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = WIDTH_OFF_TERMINAL
    return screen

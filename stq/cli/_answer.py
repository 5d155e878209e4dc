"""What a command gives back to the outer edge."""

from dataclasses import dataclass

from rich.console import RenderableType


@dataclass(frozen=True)
class Answer:
    """The same result twice, for a program and for a person, and the exit code of the command.

    `verbatim`: the lines of the text are not broken where the screen ends.
    """

    document: object
    text: RenderableType
    exit_code: int = 0
    verbatim: bool = False

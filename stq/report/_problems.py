"""Mistakes in a spec, shown where they are."""

from collections.abc import Sequence

from rich.text import Text

from stq.errors import Problem


def problem_text(problems: Sequence[Problem]) -> Text:
    """Place and message, the line with a caret under the word, and a hint, for each."""
    text = Text()
    for number, problem in enumerate(problems):
        text.append("\n" if number else "")
        text.append(f"{problem.where or 'error'}: ", style="bold")
        text.append(problem.message, style="red")
        if problem.excerpt:
            line, _, caret = problem.excerpt.rpartition("\n")
            text.append(f"\n{line}" if line else "")
            text.append(f"\n{caret}", style="bold red")
        if problem.hint:
            text.append("\n  hint: ", style="bold").append(problem.hint)
    return text

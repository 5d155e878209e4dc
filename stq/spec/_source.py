"""Where a word stands in a text, and how that place is shown to a person."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What PyYAML counts as the end of a line, so that its line numbers are ours."""

_WINDOW = 100
"""Longest excerpt of a line, in characters; a longer line is cut around the word."""


@dataclass(frozen=True)
class Source:
    """A text that is read: a spec's file, or one `--set` argument."""

    name: str
    text: str
    is_argument: bool = False

    def line(self, number: int) -> str:
        """The line with this number, counted from 0; empty past the end."""
        return self._lines[number] if number < len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return _BREAK.split(self.text)

    def span_of(self, index: int) -> "Span":
        """The single character at this index of the text."""
        before = _BREAK.split(self.text[:index])
        return Span(self, len(before) - 1, len(before[-1]), 1)


@dataclass(frozen=True)
class Span:
    """`length` characters of one line; `line` and `column` are counted from 0."""

    source: Source
    line: int
    column: int
    length: int

    @property
    def where(self) -> str:
        """`file:line:column`, counted from 1; an argument has no lines, its excerpt shows the place."""
        if self.source.is_argument:
            return self.source.name
        return f"{self.source.name}:{self.line + 1}:{self.column + 1}"

    def part(self, text: str, offset: int, length: int) -> "Span":
        """The span of a word in the text that stands here, plain or in quotes; all of it where it is written otherwise.

        A text of several lines, or with escapes in its quotes, has no columns to count.
        """
        written = self.source.line(self.line)[self.column : self.column + self.length]
        lead = written.find(text)
        if not text or lead not in (0, 1):
            return self
        return Span(self.source, self.line, self.column + lead + offset, max(1, length))

    @property
    def excerpt(self) -> str:
        """The line and, below it, carets under the span."""
        line = self.source.line(self.line)
        start = max(0, self.column - _WINDOW // 2) if len(line) > _WINDOW else 0
        shown = line[start : start + _WINDOW]
        before = shown[: self.column - start]
        word = shown[self.column - start :][: max(1, self.length)]
        carets = "^" * max(1, _width(word))
        return f"    {_printable(shown).rstrip()}\n    {' ' * _width(before)}{carets}"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _width(text: str) -> int:
    """Columns that a terminal gives the text: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )

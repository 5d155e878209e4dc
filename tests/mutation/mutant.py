"""A mutant: a module of stq with one small mistake in it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mutation.sites import Home, sites_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutant:
    """The `number`-th site of a file, changed."""

    file: str
    number: int
    home: Home
    operator: str
    lines: tuple[int, int]
    was: str
    becomes: str

    @property
    def key(self) -> str:
        """By what a survivor is known again: where it is and what it does, without line numbers."""
        name = f".{self.home.name}" if self.home.name else ""
        place = f"{self.file.removeprefix('stq/')}:{self.home.function}{name}".rstrip(":")
        return f"{place}: {self.operator}: {_short(self.was)} -> {_short(self.becomes)}"

    def tree(self) -> ast.Module:
        """The module with the mistake in it."""
        tree = ast.parse(_text_of(self.file))
        sites_of(tree)[self.number].change()
        return ast.fix_missing_locations(tree)


def mutants_of(file: str) -> Iterator[Mutant]:
    """All mutants of a module, given by its path from the root."""
    for number, site in enumerate(sites_of(ast.parse(_text_of(file)))):
        becomes = site.change()
        site.undo()
        if becomes != site.was:
            yield Mutant(file, number, site.home, site.operator, site.lines, site.was, becomes)


@cache
def _text_of(file: str) -> str:
    return (ROOT / file).read_text()


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-36:]}"

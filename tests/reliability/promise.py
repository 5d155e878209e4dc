"""What stq promises about things going wrong, each with the trial that would find it broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Tally:
    """What came of the trials: how many there were, and a line for each that broke the promise.

    `figures` says in words what else was counted.
    """

    tried: int
    broken: tuple[str, ...] = ()
    figures: str = ""


@dataclass(frozen=True)
class Promise:
    """One line of docs/reliability.md. `check(count, folder)` makes `count` trials in an empty folder.

    `full` trials are made by `make reliability`, `short` ones by `make test`.
    """

    name: str
    text: str
    check: Callable[[int, Path], Tally]
    full: int
    short: int


def all_promises() -> Iterator[Promise]:
    """The `PROMISES` of every module of this folder, in the order of their files' names."""
    for file in sorted(Path(__file__).parent.glob("p*_*.py")):
        yield from import_module(f"reliability.{file.stem}").PROMISES

"""Which test reaches which line, and how long it takes."""

import os
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from mutation.mutant import ROOT


@dataclass
class Reach:
    """The lines that each test or fixture ran, its seconds, and the tests that fail without any mutant."""

    lines: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failing: set[str] = field(default_factory=set)

    def items(self, items: Iterable[pytest.Item], file: str, lines: Iterable[int]) -> list[pytest.Item]:
        """The tests that run one of the lines themselves or by a fixture: of one file together, quick files first."""
        owners = {owner for line in lines for owner in self.lines.get((file, line), ())}
        found = [item for item in items if item.nodeid not in self.failing and owners.intersection(owners_of(item))]
        of_file: dict[Path, float] = defaultdict(float)
        for item in found:
            of_file[item.path] += self.cost(item)
        return sorted(found, key=lambda item: (of_file[item.path], str(item.path), self.cost(item), item.nodeid))

    def cost(self, item: pytest.Item) -> float:
        """Seconds, those of the fixtures included."""
        return sum(self.seconds[owner] for owner in owners_of(item))

    @classmethod
    def read(cls, notes: Path, targets: list[str]) -> "Reach":
        """What the tracers of all processes have noted."""
        reach = cls()
        for line in notes.read_text().splitlines():
            kind, first, second, owner = line.split(" ", 3)
            if kind == "line":
                reach.lines[targets[int(first)], int(second)].add(owner)
            elif kind == "seconds":
                reach.seconds[owner] = float(first)
            else:
                reach.failing.add(owner)
        return reach


def owners_of(item: pytest.Item) -> list[str]:
    """The names that a test's own lines, and those of its fixtures, are noted under."""
    definitions = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    return [item.nodeid, *(_name(definition) for several in definitions for definition in several)]


def _name(definition: Any) -> str:
    return f"fixture {definition.baseid} {definition.argname}"


class Tracer:
    """A plugin of pytest that notes in a file what is reached, in this process and in those that it forks."""

    def __init__(self, targets: list[str], notes: Path) -> None:
        self._targets = {str(ROOT / target): index for index, target in enumerate(targets)}
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._owner = ""
        self._seen: set[tuple[str, int]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with self._noting(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        with self._noting(_name(fixturedef)):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._note(f"failing 0 0 {report.nodeid}")
        if report.when == "call":
            self._note(f"seconds {report.duration} 0 {report.nodeid}")

    @contextmanager
    def _noting(self, owner: str) -> Iterator[None]:
        before, self._owner, self._seen = (self._owner, self._seen), owner, set()
        threading.settrace(self._call)
        sys.settrace(self._call)
        started = time.perf_counter()
        try:
            yield
        finally:
            if owner.startswith("fixture"):
                self._note(f"seconds {time.perf_counter() - started} 0 {owner}")
            self._owner, self._seen = before
            if not self._owner:
                sys.settrace(None)
                threading.settrace(None)  # type: ignore[arg-type]  (documented)

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self._targets else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        place = (frame.f_code.co_filename, frame.f_lineno)
        if place not in self._seen:
            self._seen.add(place)
            self._note(f"line {self._targets[place[0]]} {place[1]} {self._owner}")
        return self._line

    def _note(self, text: str) -> None:
        """Also from a test that limits the size of files to play a full disk: the notes are no part of it."""
        least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        if least != most:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        os.write(self._notes, f"{text}\n".encode())
        if least != most:
            resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))

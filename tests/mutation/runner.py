"""One process that has imported and collected everything; each mutant lives and dies in a fork of it.

Why not a library (both were read, neither was run on stq): cosmic-ray 8.7 starts the command of the tests anew for each
mutant, and torch, Lightning and the tests take seconds to import. mutmut 3.8 forks as well, but skips decorated
functions (properties, fixtures, context managers) and the constants of modules and classes, has no mutant that drops a
statement, a `detach` or the condition of an `if`, and turns every function of a copy of the sources into a dispatcher
over its mutants, which our checks of shapes, of signatures and of docstrings would then look at in place of ours. A
tenth of its mutants of the modules here (653 of 7,186) alter the letters of a text, to which no test should hold us. It
needs textual and libcst.
"""

import gc
import os
import resource
import shutil
import signal
import sys
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pytest
from mutation.graft import Living
from mutation.mutant import ROOT, Mutant
from mutation.reach import Reach, Tracer

KILLED, SURVIVED, UNREACHED, TIMEOUT = "killed", "survived", "unreached", "timeout"

_NO_MUTANT = 99
"""Exit code of a fork in which the mutant could not be made: no mutant counts as killed that never was."""

_LONGEST = 120.0
"""Seconds of tests, as they were traced, which is slow, that a mutant is tried on: what lives so long is living."""

_MEMORY = 6 * 2**30
"""Bytes of address space that a mutant may take beyond what the parent has."""


@dataclass(frozen=True)
class Fate:
    """What became of a mutant; `by` the test that killed it."""

    mutant: Mutant
    outcome: str
    by: str = ""
    seconds: float = 0.0

    @property
    def dead(self) -> bool:
        return self.outcome in (KILLED, TIMEOUT)


class Runner:
    """A plugin of pytest in whose place of running tests `work(self)` is done."""

    def __init__(self, work: Callable[["Runner"], None], scratch: Path) -> None:
        self._work = work
        self._scratch = scratch
        self._report = scratch / "killed by"
        self._told = scratch / "out.txt"
        self._failed = ""
        self.items: list[pytest.Item] = []
        self._killers: dict[tuple[str, str], list[str]] = {}
        self._cost: Callable[[pytest.Item], float] = lambda item: 10.0

    def pytest_sessionstart(self) -> None:
        """Before a test is imported: no shrinking, a mutant is killed by the first example."""
        from hypothesis import Phase, settings  # pytest complains of whoever imports it before pytest does

        settings.register_profile(
            "mutation", settings.get_profile("stq"), phases=(Phase.explicit, Phase.generate), database=None
        )
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = list(session.items)
        self._living = Living()
        gc.collect()
        gc.freeze()  # what a fork does not touch it need not copy
        self._work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._failed:
            self._failed = report.nodeid

    def reach(self, targets: list[str]) -> Reach:
        """Run every test once, traced, in a fork."""
        notes = self._scratch / "reach.txt"
        notes.unlink(missing_ok=True)

        def trace() -> int:
            tracer = Tracer(targets, notes)
            self.items[0].config.pluginmanager.register(tracer)
            self._run(self.items, until_failure=False)
            return 0

        if self._forked(trace, seconds=3600) != 0:
            raise RuntimeError(f"the tests did not run to their end: {(self._scratch / 'out.txt').read_text()[-2000:]}")
        return Reach.read(notes, targets)

    def fates(self, mutants: Iterable[Mutant], reach: Reach) -> Iterator[Fate]:
        """Try each."""
        self._cost = reach.cost
        for mutant in mutants:
            items = self._chosen(mutant, reach)
            yield self.fate(mutant, items, 10 + 4 * sum(map(reach.cost, items))) if items else Fate(mutant, UNREACHED)

    def fate(self, mutant: Mutant, items: list[pytest.Item], seconds: float = 60) -> Fate:
        """Try one on some tests."""

        def attempt() -> int:
            try:
                self._living.graft(mutant)
            except Exception as error:
                print(repr(error), flush=True)
                return _NO_MUTANT
            self._run(items, until_failure=True)
            self._report.write_text(self._failed)
            return 1 if self._failed else 0

        started = time.monotonic()
        code = self._forked(attempt, seconds)
        if code == _NO_MUTANT:
            raise RuntimeError(f"{mutant.key}: {self._told.read_text()}")
        outcome = TIMEOUT if code in (None, -signal.SIGALRM) else SURVIVED if code == 0 else KILLED
        by = self._report.read_text() if code == 1 else ""
        if by:
            first = self._killers.setdefault((mutant.file, mutant.home.function), [])
            first[:] = [by, *(other for other in first if other != by)][:3]
        return Fate(mutant, outcome, by, time.monotonic() - started)

    def _chosen(self, mutant: Mutant, reach: Reach) -> list[pytest.Item]:
        """The tests that reach it, those first that have killed others of the same function.

        A constant or a default has no line that runs: all tests are tried of the files in which one reaches the module.
        """
        if mutant.home.kind == "function":
            items = reach.items(self.items, mutant.file, range(mutant.lines[0], mutant.lines[1] + 1))
        else:
            items = reach.items(self.items, mutant.file, [line for file, line in reach.lines if file == mutant.file])
            files, others = {item.path for item in items}, set(self.items) - set(items)
            items += sorted(
                (item for item in others if item.path in files and item.nodeid not in reach.failing),
                key=lambda item: item.nodeid,
            )
        first = self._killers.get((mutant.file, mutant.home.function), [])
        rank = {nodeid: index for index, nodeid in enumerate(first)}
        items = sorted(items, key=lambda item: rank.get(item.nodeid, len(first)))
        spent = list(accumulate(map(reach.cost, items)))
        return items[: 1 + bisect(spent, _LONGEST)]

    def _run(self, items: list[pytest.Item], *, until_failure: bool) -> None:
        for index, item in enumerate(items):
            following = items[index + 1] if index + 1 < len(items) else None
            if until_failure:  # a loop without an end, which may fill the disk, ends with the time of its test
                signal.setitimer(signal.ITIMER_REAL, 10 + 4 * self._cost(item))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if until_failure and self._failed:
                return

    def _forked(self, function: Callable[[], int], seconds: float) -> int | None:
        """The exit code of `function` in a fork, in a folder that is swept after it; None where it took too long."""
        folder = self._scratch / "here"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _in_fork(function, folder, self._told)
        code = _awaited(pid, seconds)
        shutil.rmtree(folder, ignore_errors=True)
        return code


def _in_fork(function: Callable[[], int], folder: Path, told: Path) -> None:
    code = 3
    try:
        os.setsid()  # so that what it starts ends with it
        os.chdir(folder)
        out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        for number in (signal.SIGINT, signal.SIGHUP):  # which whoever started us in the background had us ignore
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (_memory() + _MEMORY,) * 2)
        code = function()
    except BaseException as error:
        print(repr(error), flush=True)
    finally:
        os._exit(code)


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _awaited(pid: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > end:
            _end_group(pid)
            os.waitpid(pid, 0)
            return None
        time.sleep(0.005)
    _end_group(pid)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def run(test_files: list[str], work: Callable[[Runner], None], scratch: Path) -> None:
    """Import and collect the files of tests, then do the work."""
    arguments = ["-s", "--no-header", "--no-summary", "--tb=native", f"--rootdir={ROOT}"]
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what has imported hypothesis before
    arguments += [f"--basetemp={scratch / 'here' / 'tmp'}", "-c", str(ROOT / "pyproject.toml")]
    code = pytest.main([*arguments, *(str(ROOT / file) for file in test_files)], plugins=[Runner(work, scratch)])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest could not collect: {code!r}")

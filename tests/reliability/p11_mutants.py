"""Tests that can fail: a mistake planted into the code is noticed."""

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mutation.mutant import ROOT, Mutant, mutants_of
from mutation.runner import Runner, run
from mutation.sites import Home
from reliability.promise import Promise, Tally
from support.forked import Child

LEAST = 0.9
"""The share of mutants that tests must kill."""

NOTICED = (
    ("stq/losses/_masked_mean.py", "masked_mean", "arithmetic"),
    ("stq/losses/_pinball.py", "Pinball.forward", "arithmetic"),
    ("stq/losses/_pinball.py", "Pinball.forward", "return None"),
    ("stq/losses/_masked_mean.py", "masked_mean", "condition False"),
    ("stq/losses/_pinball.py", "Pinball.forward", "condition False"),
    ("stq/losses/_pinball.py", "Pinball.forward", "condition True"),
)
NOTICED_BY = ["tests/unit/test_loss_pinball.py", "tests/unit/test_loss_masked_mean.py"]


def mutants(count: int, folder: Path) -> Tally:
    """Try so many of all mutants, drawn with a fixed seed; six known ones and one that changes nothing where few."""
    if count <= len(NOTICED) + 1:
        return few(count, folder)
    outcome = folder / "mutants.json"
    command = [sys.executable, str(ROOT / "tests" / "mutation" / "run.py"), "--count", str(count)]
    done = subprocess.run([*command, "--out", str(outcome)], capture_output=True, text=True, cwd=ROOT)
    if not outcome.exists():
        return Tally(0, (f"did not run: {done.stdout[-500:]} {done.stderr[-500:]}",))
    found = json.loads(outcome.read_text())
    low = [] if found["share"] >= LEAST else [f"{found['words']}; expected at least {LEAST:.0%}"]
    return Tally(found["tried"], (*found["living"], *low), found["words"])


def few(count: int, folder: Path) -> Tally:
    """In a copy of this process: pytest has its own state, which the process that is tested keeps for itself."""
    told = folder / "fates.json"
    child = Child(lambda: told.write_text(json.dumps(fates_of_few(count))), folder / "told.txt")
    if child.wait() != 0:
        return Tally(0, (f"did not run: {child.text()[-500:]}",))
    found = json.loads(told.read_text())
    return Tally(len(found), tuple(line for line in found if line))


def fates_of_few(count: int) -> list[str]:
    """For each a line where it is not as expected."""
    found: list[str] = []

    def work(runner: Runner) -> None:
        for mutant in [next_mutant(*place) for place in NOTICED[: count - 1]]:
            fate = runner.fate(mutant, runner.items)
            found.append("" if fate.outcome == "killed" else f"{fate.outcome}: {mutant.key}")
        fate = runner.fate(unchanged(), runner.items)
        found.append("" if fate.outcome == "survived" else f"{fate.outcome}: code that is as it was")

    with tempfile.TemporaryDirectory() as scratch:
        run(NOTICED_BY, work, Path(scratch))
    return found


def next_mutant(file: str, function: str, operator: str) -> Mutant:
    """The first of its kind."""
    here = (mutant for mutant in mutants_of(file) if mutant.home.function == function)
    return next(mutant for mutant in here if mutant.operator == operator)


class Unchanged(Mutant):
    """A function that is compiled anew and put in place of itself: the runner must not take that for a mistake."""

    def tree(self) -> ast.Module:
        return ast.parse((ROOT / self.file).read_text())


def unchanged() -> Mutant:
    """Of the function that all losses go through."""
    home = Home("function", "masked_mean")
    return Unchanged("stq/losses/_masked_mean.py", 0, home, "nothing", (0, 0), "", "")


PROMISES = (
    Promise(
        "mutants",
        "A mistake planted into losses, routing, audit, windows, calibration, checkpoints or the loader of specs "
        "(a comparison, an operation, a constant, a condition, a statement left out, ...; 600 of about 3,000 drawn "
        "with a fixed seed, `make mutation` for all): a test fails. Broken are those that live and have no reason in "
        "`tests/mutation/survivors.md`",
        mutants,
        full=600,
        short=len(NOTICED) + 1,
    ),
)

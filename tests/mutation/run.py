"""Try all mutants of a package, or of all, or so many of them, on the tests.

    python tests/mutation/run.py [--package NAME ...] [--count N] [--out FILE]

Prints each mutant that lives, and the score; survivors.md says why some may live. A few are undone by hand only: run
it on a tree whose changes are committed.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from mutation.mutant import Mutant, mutants_of  # noqa: E402  (the folder of tests had to be on the path first)
from mutation.packages import PACKAGES  # noqa: E402
from mutation.runner import Fate, Runner, run  # noqa: E402
from mutation.survivors import excused  # noqa: E402

SEED = 7


def main(arguments: list[str]) -> int:
    """1 where a mutant lives without a reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", nargs="*", choices=PACKAGES, default=list(PACKAGES), help="these alone")
    parser.add_argument("--count", type=int, help="so many, drawn with a fixed seed")
    parser.add_argument("--only", default="", help="those whose key has this text")
    parser.add_argument("--out", type=Path, help="write what became of each as JSON")
    wanted = parser.parse_args(arguments)
    packages = [PACKAGES[name] for name in wanted.package]
    mutants = drawn([file for package in packages for file in package.files()], wanted.count)
    mutants = [mutant for mutant in mutants if wanted.only in mutant.key]
    fates: list[Fate] = []

    def work(runner: Runner) -> None:
        started = time.monotonic()
        reach = runner.reach(sorted({mutant.file for mutant in mutants}))
        print(f"{len(runner.items)} tests traced in {time.monotonic() - started:.0f} s", flush=True)
        for line in sorted(reach.failing):
            print(f"fails without a mutant, not used: {line}", flush=True)
        for fate in runner.fates(mutants, reach):
            fates.append(fate)
            if not fate.dead:
                known = "listed" if fate.mutant.key in listed else fate.outcome
                print(f"{known} ({fate.seconds:.1f} s) {fate.mutant.lines[0]} {fate.mutant.key}", flush=True)

    listed = excused()
    tests = list(dict.fromkeys(file for package in packages for file in package.test_files()))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        run(tests, work, Path(scratch))
    for name in wanted.package:
        own = PACKAGES[name].files()
        print(f"{name}: {score([fate for fate in fates if fate.mutant.file in own])}")
    print(f"all: {score(fates)}, {time.monotonic() - started:.0f} s")
    if wanted.out:
        wanted.out.write_text(json.dumps([as_row(fate) for fate in fates], indent=1) + "\n")
    return int(any(not fate.dead and fate.mutant.key not in listed for fate in fates))


def drawn(files: list[str], count: int | None) -> list[Mutant]:
    """All mutants of some modules, or so many of them, always the same; in the order of the files."""
    mutants = [mutant for file in files for mutant in mutants_of(file)]
    if count is None or count >= len(mutants):
        return mutants
    return [mutants[index] for index in sorted(random.Random(SEED).sample(range(len(mutants)), count))]


def score(fates: list[Fate]) -> str:
    """How many were killed."""
    dead = sum(fate.dead for fate in fates)
    return f"{dead} of {len(fates)} killed, {dead / max(1, len(fates)):.1%}"


def as_row(fate: Fate) -> dict[str, object]:
    """For JSON."""
    return {
        "mutant": fate.mutant.key,
        "line": fate.mutant.lines[0],
        "outcome": fate.outcome,
        "by": fate.by,
        "seconds": round(fate.seconds, 2),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

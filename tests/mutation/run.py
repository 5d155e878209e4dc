"""Try all mutants of a package, or of all, or so many of them, on the tests.

    python tests/mutation/run.py [--package NAME ...] [--count N] [--only TEXT] [--out FILE]

Prints each mutant that lives, and the scores; survivors.md says why some may live. Left with 1 where another one does.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from mutation.mutant import Mutant, mutants_of  # noqa: E402  (the folder of tests had to be on the path first)
from mutation.packages import PACKAGES  # noqa: E402
from mutation.runner import Fate, Runner, run  # noqa: E402
from mutation.survivors import EQUIVALENT, Excuse, excuses  # noqa: E402

SEED = 7


@dataclass(frozen=True)
class Score:
    """How many mutants there were, how many were killed, and of the others how many no test could kill."""

    tried: int
    killed: int
    equivalent: int

    def share(self) -> float:
        """Killed, of all: those that no test could kill count against it."""
        return self.killed / max(1, self.tried)

    def __str__(self) -> str:
        share = self.killed / max(1, self.tried - self.equivalent)
        return (
            f"{self.killed} of {self.tried} killed, {self.share():.1%}; "
            f"{share:.1%} without {self.equivalent} that are equivalent"
        )


def main(arguments: list[str]) -> int:
    """1 where a mutant lives without a reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", nargs="*", choices=PACKAGES, help="these alone")
    parser.add_argument("--count", type=int, help="so many, drawn with a fixed seed")
    parser.add_argument("--only", default="", help="those whose key has this text")
    parser.add_argument("--out", type=Path, help="write what became of each as JSON")
    wanted = parser.parse_args(arguments)
    names, known = wanted.package or list(PACKAGES), excuses()
    files = {name: PACKAGES[name].files() for name in names}
    mutants = drawn([file for several in files.values() for file in several], wanted.count)
    started = time.monotonic()
    fates = tried([mutant for mutant in mutants if wanted.only in mutant.key], names, known)
    for name in names:
        print(f"{name}: {score([fate for fate in fates if fate.mutant.file in files[name]], known)}")
    total, living = score(fates, known), [key for key in living_of(fates) if key not in known]
    print(f"all: {total}, {time.monotonic() - started:.0f} s")
    if wanted.out:
        rows = [as_row(fate) for fate in fates]
        outcome = {"words": str(total), "share": total.share(), "tried": total.tried, "living": living, "fates": rows}
        wanted.out.write_text(json.dumps(outcome, indent=1) + "\n")
    return int(bool(living))


def tried(mutants: list[Mutant], names: list[str], known: dict[str, Excuse]) -> list[Fate]:
    """What becomes of each; those that live are printed as they do."""
    fates: list[Fate] = []

    def work(runner: Runner) -> None:
        reach = runner.reach(sorted({mutant.file for mutant in mutants}))
        for line in sorted(reach.failing):
            print(f"fails without a mutant, not used: {line}", flush=True)
        for fate in runner.fates(mutants, reach):
            fates.append(fate)
            if len(fates) % 50 == 0:
                print(f"{len(fates)} of {len(mutants)}", file=sys.stderr, flush=True)
            if not fate.dead:
                word = "listed" if fate.mutant.key in known else fate.outcome
                print(f"{word} ({fate.seconds:.1f} s) line {fate.mutant.lines[0]} {fate.mutant.key}", flush=True)

    tests = list(dict.fromkeys(file for name in names for file in PACKAGES[name].test_files()))
    with tempfile.TemporaryDirectory(dir=in_memory()) as scratch:
        run(tests, work, Path(scratch))
    return fates


def in_memory() -> Path | None:
    """Where files are kept in memory, if that has room: else most of the time goes into putting them on a disk."""
    here = Path("/dev/shm")
    roomy = here.is_dir() and os.access(here, os.W_OK) and shutil.disk_usage(here).free > 4 * 2**30
    return here if roomy else None


def drawn(files: list[str], count: int | None) -> list[Mutant]:
    """All mutants of some modules, or so many of them, in the order of the files.

    Which ones follows from a number that is hashed from the key of each: what is drawn of one function does not change
    with the code of another, and a larger draw, or one from more packages, has much of a smaller one in it.
    """
    mutants = [mutant for file in files for mutant in mutants_of(file)]
    order = sorted(range(len(mutants)), key=lambda index: (_lot(mutants[index]), index))
    return [mutants[index] for index in sorted(order[:count])]


def _lot(mutant: Mutant) -> bytes:
    return hashlib.sha256(f"{SEED} {mutant.key}".encode()).digest()


def score(fates: list[Fate], known: dict[str, Excuse]) -> Score:
    """How many were killed."""
    equivalent = sum(known[key].kind == EQUIVALENT for key in living_of(fates) if key in known)
    return Score(len(fates), sum(fate.dead for fate in fates), equivalent)


def living_of(fates: list[Fate]) -> list[str]:
    """The keys of those that live."""
    return [fate.mutant.key for fate in fates if not fate.dead]


def as_row(fate: Fate) -> dict[str, object]:
    """For JSON."""
    row = {"mutant": fate.mutant.key, "line": fate.mutant.lines[0], "outcome": fate.outcome, "by": fate.by}
    return {**row, "seconds": round(fate.seconds, 2)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every promise with all its trials, and docs/reliability.md from what came of them.

    python tests/reliability/full.py [NAME ...]

The outcome of each goes to runs/reliability/NAME.json, and the page is made from all that lie there.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from reliability.page import page  # noqa: E402  (the folder of tests had to be on the path first)
from reliability.promise import all_promises  # noqa: E402

OUTCOMES = ROOT / "runs" / "reliability"


def main(arguments: list[str]) -> int:
    """Run the promises that are named, or all; 1 where one is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these alone")
    parser.add_argument("--count", type=int, help="so many trials of each, and no page")
    wanted = parser.parse_args(arguments)
    broken = 0
    for promise in all_promises():
        if wanted.names and promise.name not in wanted.names:
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            tally = promise.check(wanted.count or promise.full, Path(folder))
        seconds = time.monotonic() - started
        broken += len(tally.broken)
        print(f"{promise.name}: {tally.tried} tried, {len(tally.broken)} broken, {seconds:.0f} s. {tally.figures}")
        for line in tally.broken[:20]:
            print(f"  {line}")
        if wanted.count is None:
            OUTCOMES.mkdir(parents=True, exist_ok=True)
            outcome = {**asdict(tally), "seconds": round(seconds)}
            (OUTCOMES / f"{promise.name}.json").write_text(json.dumps(outcome, indent=1) + "\n")
    if wanted.count is None:
        (ROOT / "docs" / "reliability.md").write_text(page(all_promises(), OUTCOMES))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

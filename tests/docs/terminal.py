"""docs/img/terminal.svg, what `stq check-grads` and `stq eval` print: `python tests/docs/terminal.py RUN PICTURE`.

The table of modules is long and is left out; so is the time of a step, which is another one every time.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Group
from rich.text import Text
from support.terminal_picture import terminal_svg

from stq.app import RunFolder, check_grads, evaluate
from stq.report import gradient_tables, score_tables


def main() -> None:
    """Draw the tables of a run."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("picture", type=Path)
    given = arguments.parse_args()
    run = RunFolder.open(given.run)
    checked = check_grads(run.load_spec(), run)
    checked = replace(checked, audit=replace(checked.audit, cost=None))
    matrix, *others = gradient_tables(checked).renderables
    gradients = Group(matrix, Text("...\n", style="dim"), others[-1])
    screens = [
        ("stq check-grads runs/demo", gradients),
        ("stq eval runs/demo", score_tables(evaluate(run), every=False, strata=False)),
    ]
    given.picture.parent.mkdir(parents=True, exist_ok=True)
    given.picture.write_text(terminal_svg(screens))
    print(f"{given.picture}: {given.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

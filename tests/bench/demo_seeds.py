"""An example under several seeds: the scores of each, and their median. `make demo-seeds`, `make demo-sea`, ...

Exits with 4 where the median over seeds of any skill, against persistence or climatology, is not above 0 at some
horizon, the median calibrated coverage of the outermost band is outside 0.90 to 0.99 (`--coverage`), quantiles cross
after calibration, or any seed is not better than persistence (by `--skill`). With `--each` coverage is judged in every
seed rather than in the median.
"""

import argparse
import shutil
import statistics
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stq.app import RunFolder, evaluate, train
from stq.cli._lightning import silence_lightning
from stq.metrics import Score
from stq.spec import load_spec

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "examples" / "nasa.yaml"
FIGURES = ("skill_persistence", "skill_climatology", "skill_linear", "coverage_raw", "coverage", "crossing_rate")


def main() -> int:
    """Train, score, print, judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--spec", type=Path, default=SPEC)
    arguments.add_argument("--skill", type=float, default=0.0, help="least skill over persistence, of every seed")
    arguments.add_argument("--coverage", type=float, nargs=2, default=(0.90, 0.99), metavar=("LOW", "HIGH"))
    arguments.add_argument("--each", action="store_true", help="coverage is to hold in every seed")
    arguments.add_argument("--split", default="test", help="the split to score")
    arguments.add_argument("--folder", type=Path, default=None, help="default runs/demo-seeds/<name of the spec>")
    arguments.add_argument("--set", nargs="*", default=[], help="overrides of the spec, for choosing on validation")
    chosen = arguments.parse_args()
    silence_lightning()
    folder = chosen.folder or Path("runs/demo-seeds") / chosen.spec.stem
    by_seed = {}
    for seed in chosen.seeds:
        run = folder / f"seed-{seed}"
        shutil.rmtree(run, ignore_errors=True)
        train(load_spec(chosen.spec, [f"seed={seed}", *chosen.set]), run_dir=run)
        by_seed[seed] = evaluate(RunFolder(run), split=chosen.split).scores
    rows = list(zip(*by_seed.values(), strict=True))
    show(chosen.spec.name, chosen.seeds, rows)
    faults = [fault for row in rows for fault in judge(row, chosen.skill, chosen.coverage, each=chosen.each)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 4 if faults else 0


def show(name: str, seeds: list[int], rows: list[tuple[Score, ...]]) -> None:
    """The median of each figure, with that of every seed behind it."""
    table = Table(title=f"{name}, median of the seeds {seeds} (each seed)")
    for column in ("variable", "horizon", *FIGURES):
        table.add_column(column)
    for row in rows:
        cells = []
        for figure in FIGURES:
            values = [figure_of(score, figure) for score in row]
            cells.append(f"{statistics.median(values):.2f} ({', '.join(f'{value:.2f}' for value in values)})")
        table.add_row(row[0].variable, str(row[0].horizon), *cells)
    Console(width=160).print(table)


def figure_of(score: Score, figure: str) -> float:
    """A score, or the skill over the pooled linear regression."""
    return score.baselines["linear"].skill if figure == "skill_linear" else getattr(score, figure)


def judge(row: tuple[Score, ...], skill: float, expected: tuple[float, float], *, each: bool) -> list[str]:
    """What the example promises, for one variable and horizon over the seeds."""
    where = f"{row[0].variable} at horizon {row[0].horizon}"
    faults = []
    for figure in ("skill_persistence", "skill_climatology"):
        median = statistics.median(getattr(score, figure) for score in row)
        if not median > 0:
            faults.append(f"{where}: the median {figure} is {median:.3f}")
    if any(not score.skill_persistence > skill for score in row):
        faults.append(f"{where}: a seed is not better than persistence by {skill:.0%}")
    found = [score.coverage for score in row] if each else [statistics.median(score.coverage for score in row)]
    for coverage in found:
        if not expected[0] <= coverage <= expected[1]:
            faults.append(f"{where}: the {'' if each else 'median '}coverage is {coverage:.3f}")
    if any(score.crossing_rate != 0 for score in row):
        faults.append(f"{where}: quantiles cross")
    return faults


if __name__ == "__main__":
    sys.exit(main())

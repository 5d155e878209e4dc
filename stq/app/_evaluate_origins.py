"""Rolling origin without retraining: one run scored on consecutive blocks of issue times."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from stq.app._data import open_data
from stq.app._evaluate import EvaluateResult, evaluate
from stq.app._finite import finite
from stq.app._run_folder import RunFolder
from stq.data import Statistics
from stq.errors import DataError, UsageError
from stq.metrics import Score

FIGURES = ("rmse", "skill_persistence", "skill_climatology", "coverage_raw", "coverage", "width", "crps")


@dataclass(frozen=True)
class OriginScores:
    """The scores of one block; `first` and `last` are the dates at which its forecasts are issued."""

    first: str
    last: str
    scored: EvaluateResult


@dataclass(frozen=True)
class Spread:
    """One figure over the blocks; `deviation` is their standard deviation (n - 1)."""

    variable: str
    horizon: int
    units: str
    figure: str
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class OriginsResult:
    """Every block, and how far the blocks lie apart."""

    run: Path
    split: str
    origins: tuple[OriginScores, ...]
    spread: tuple[Spread, ...]

    def to_dict(self) -> object:
        """Ready for JSON: of each block what `stq eval` tells, with its first and last date of issue."""
        return finite(
            {
                "run": str(self.run),
                "split": self.split,
                "origins": [
                    {"first": block.first, "last": block.last, **block.scored.to_dict()} for block in self.origins
                ],
                "spread": [vars(row) for row in self.spread],
            }
        )


def evaluate_origins(
    run: RunFolder, count: int, *, split: str = "test", overrides: Sequence[str] = ()
) -> OriginsResult:
    """Cut the windows of `split`, in the order of their issue, into `count` blocks as even as can be; score each.

    Nothing is trained or calibrated anew: later blocks are further from what the run has seen. Raises UsageError for
    fewer than two blocks, DataError where there are fewer windows than blocks.
    """
    if count < 2:
        raise UsageError(f"expected 2 origins or more, found {count}")
    loaded = run.load_spec()
    data = open_data(loaded.spec.data, Statistics.load(run.statistics), loaded=loaded)
    if split not in data.splits:
        raise UsageError(f"the run has no split {split!r}; choose with --split from {', '.join(data.splits)}")
    issued = data.splits[split].issue_times
    if split == "train" and len(set(issued)) < len(issued):
        raise UsageError("the windows of train are patches: choose another split")
    if len(issued) < count:
        raise DataError(f"{split} has {len(issued)} windows, too few for {count} blocks")
    blocks = []
    for first, stop in cut(len(issued), count):
        scored = evaluate(run, split=split, block=(first, stop), overrides=overrides)
        blocks.append(OriginScores(data.time_label(issued[first]), data.time_label(issued[stop - 1]), scored))
    return OriginsResult(run.path, split, tuple(blocks), spread_of([block.scored.scores for block in blocks]))


def cut(windows: int, blocks: int) -> list[tuple[int, int]]:
    """First and one after the last of each block, the longer ones first."""
    length, longer = divmod(windows, blocks)
    starts = [number * length + min(number, longer) for number in range(blocks + 1)]
    return list(pairwise(starts))


def spread_of(tables: Sequence[Sequence[Score]]) -> tuple[Spread, ...]:
    """Every figure that all blocks have, by variable and horizon."""
    rows = []
    for scores in zip(*tables, strict=True):
        for figure in FIGURES:
            found = [value for score in scores if (value := getattr(score, figure)) is not None]
            if len(found) == len(scores):
                one = scores[0]
                bounds = min(found), max(found)
                rows.append(Spread(one.variable, one.horizon, one.units, figure, fmean(found), stdev(found), *bounds))
    return tuple(rows)

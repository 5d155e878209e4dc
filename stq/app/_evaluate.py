"""Score a run on one of its splits, against every baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.app._kept_scores import Scored, keep_scores, what_is_scored
from stq.app._run_folder import RunFolder
from stq.app._score_split import Scoring, open_scoring, score_windows
from stq.app.baselines import open_baselines
from stq.calibration import ConformalCalibration, calibration_notes, expected_coverage_range
from stq.metrics import Score, StratumScore
from stq.training import World, joined


@dataclass(frozen=True)
class ChanceRange:
    """How far the coverage of one pair of levels may stray by chance, with so few frames to fit and to score on."""

    lower: float
    upper: float
    expected: float
    calibration_frames: int
    scored_frames: int
    low: float
    high: float


@dataclass(frozen=True)
class EvaluateResult:
    """The scores of one split. `samples` counts windows; `chance` has a row for each pair of levels.

    `strata` has rows for the months or seasons and for the strata of the map that the spec asks for.
    """

    run: Path
    split: str
    samples: int
    calibrated: bool
    scores: tuple[Score, ...]
    chance: tuple[ChanceRange, ...]
    notes: tuple[str, ...]
    strata: tuple[StratumScore, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": str(self.run),
            "split": self.split,
            "samples": self.samples,
            "calibrated": self.calibrated,
            "scores": [score.to_dict() for score in self.scores],
            "chance": [vars(row) for row in self.chance],
            "notes": list(self.notes),
            "strata": [row.to_dict() for row in self.strata],
        }


def evaluate(
    run: RunFolder,
    *,
    split: str = "test",
    block: tuple[int, int] | None = None,
    overrides: Sequence[str] = (),
) -> EvaluateResult:
    """Forecast every window of `split` with the best checkpoint and score it, in units, before and after calibration.

    `block` is the first window and the one after the last, in the order of issue; None for all. `overrides` change the
    `evaluation` section of the run's spec for this once, and nothing else of it. Several processes (torchrun) share
    the windows, and each has the scores of all of them.

    Raises UsageError for a split that the run has not and for other overrides, CheckFailed where the run or its data is
    not what was trained, Elsewhere in the processes that don't lead.

    The scores of a whole split, on the terms of the spec, are kept with the run where it can be written to.
    """
    with joined() as world:
        scored = None
        with world.together():
            if world.leads and block is None and not overrides:
                scored = what_is_scored(run)
            scoring = open_scoring(run, split, block, overrides)
        return evaluate_opened(run, scoring, world, keep_as=scored)


def evaluate_opened(run: RunFolder, scoring: Scoring, world: World, *, keep_as: Scored | None = None) -> EvaluateResult:
    """The same for a run that is open already, once: metrics of plugins keep what they added up.

    The scores are kept with the run as those of `keep_as`, where that is given.
    """
    baselines = open_baselines(run, scoring.loaded, scoring.data, world=world)
    with world.together():
        scores = score_windows(scoring, baselines, world)
    with world.together():
        table = scores.compute()
        strata = scores.compute_strata()
    calibration, split = scoring.calibration, scoring.split
    result = EvaluateResult(
        run=run.path,
        split=split,
        samples=len(scoring.windows),
        calibrated=calibration is not None,
        scores=table,
        chance=chance_ranges(table, calibration, split),
        notes=(*scoring.data.notes, *(() if calibration is None else scoring_notes(calibration, split))),
        strata=strata,
    )
    if keep_as is not None:
        keep_scores(run, result, keep_as)
    return result


def scoring_notes(calibration: ConformalCalibration, split: str) -> tuple[str, ...]:
    """What a person should know of the calibration when reading the scores of a split."""
    notes = calibration_notes(calibration)
    if calibration.fitted_on == split:
        notes += (f"the band was calibrated on {split} itself: its coverage there is no test of it",)
    return notes


def chance_ranges(
    scores: tuple[Score, ...], calibration: ConformalCalibration | None, split: str
) -> tuple[ChanceRange, ...]:
    """One row for each pair of levels, at the least number of frames of any variable and horizon; none where the band
    was fitted to this split.

    Where groups have corrections of their own, the least frames of any of them count, for every frame that is scored:
    the mean is then right for groups of one size, and the range rather too wide, for not all share one luck.
    """
    if calibration is None or calibration.fitted_on == split:
        return ()
    parts = [calibration.frames, *(group.frames for group in calibration.grouped)]
    fitted = min(frames for part in parts for row in part for frames in row if frames)
    scored = min(score.frames for score in scores)
    rows = []
    for interval in scores[0].intervals:
        low, high = expected_coverage_range(interval.expected, fitted, scored_frames=scored)
        rows.append(ChanceRange(interval.lower, interval.upper, interval.expected, fitted, scored, low, high))
    return tuple(rows)

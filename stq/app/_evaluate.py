"""Score a run on one of its splits, against persistence and climatology."""

from dataclasses import dataclass
from pathlib import Path

from stq.app._assembly import put_weights
from stq.app._calibrate import read_calibration
from stq.app._data import open_data
from stq.app._forecasting import forecast_split
from stq.app._losses import levels_of
from stq.app._models import build_network
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration, expected_coverage_range
from stq.data import ForecastData, Statistics
from stq.errors import CheckFailed, UsageError
from stq.metrics import ForecastScores, Score
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
    """The scores of one split. `samples` counts windows; `chance` has a row for each pair of levels."""

    run: Path
    split: str
    samples: int
    calibrated: bool
    scores: tuple[Score, ...]
    chance: tuple[ChanceRange, ...]
    notes: tuple[str, ...]

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
        }


def evaluate(run: RunFolder, *, split: str = "test") -> EvaluateResult:
    """Forecast every window of `split` with the best checkpoint and score it, in units, before and after calibration.

    Several processes (torchrun) share the windows, and each has the scores of all of them.

    Raises UsageError for a split that the run has not, CheckFailed where the run or its data is not what was trained,
    Elsewhere in the processes that don't lead.
    """
    with joined() as world:
        with world.together():
            data, scores = score_windows(run, split, world)
        with world.together():
            table = scores.compute()
    calibration = read_calibration(run)
    return EvaluateResult(
        run=run.path,
        split=split,
        samples=len(data.splits[split]),
        calibrated=calibration is not None,
        scores=table,
        chance=chance_ranges(table, calibration),
        notes=data.notes,
    )


def score_windows(run: RunFolder, split: str, world: World) -> tuple[ForecastData, ForecastScores]:
    """The data, and the scores of this process's windows."""
    loaded = run.load_spec()
    data = open_data(loaded.spec.data, Statistics.load(run.statistics), loaded=loaded)
    if data.fingerprint != run.read_environment().get("data_sha256"):
        raise CheckFailed(f"{', '.join(loaded.spec.data.source)}: the data is not what {run.path} was trained on")
    if split not in data.splits:
        raise UsageError(f"the run has no split {split!r}; choose with --split from {', '.join(data.splits)}")
    forecaster = build_network(loaded, data)
    put_weights(forecaster, run)
    calibration = read_calibration(run)
    levels = levels_of(loaded)
    extremes = data.anomaly_range()
    scores = ForecastScores(data.variables, data.horizons, levels, units=data.units, anomaly_range=extremes)
    for found in forecast_split(forecaster, data, split, batch_size=loaded.spec.data.batch_size, world=world):
        quantiles = found.quantiles
        if calibration is not None and quantiles is not None:
            quantiles = calibration.apply(found.central, quantiles, levels)
        scores.update(
            central=found.central,
            quantiles=quantiles,
            quantiles_raw=found.quantiles,
            truth=found.truth,
            valid=found.batch.valid,
            weight=found.batch.weight,
            persistence=data.persistence(found.batch),
            climatology=data.climatology(found.batch),
            time=found.batch.time,
        )
    return data, scores


def chance_ranges(scores: tuple[Score, ...], calibration: ConformalCalibration | None) -> tuple[ChanceRange, ...]:
    """One row for each pair of levels, at the least number of frames of any variable and horizon."""
    if calibration is None:
        return ()
    fitted = min(min(row) for row in calibration.frames)
    scored = min(score.frames for score in scores)
    rows = []
    for interval in scores[0].intervals:
        low, high = expected_coverage_range(interval.expected, fitted, scored_frames=scored)
        rows.append(ChanceRange(interval.lower, interval.upper, interval.expected, fitted, scored, low, high))
    return tuple(rows)

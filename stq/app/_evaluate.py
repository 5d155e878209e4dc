"""Score a run on one of its splits, against persistence and climatology."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.app._assembly import build_network, put_weights
from stq.app._calibrate import read_calibration
from stq.app._data import open_data
from stq.app._forecasting import forecast_split
from stq.app._losses import levels_of
from stq.app._metrics import resolve_metrics
from stq.app._run_folder import RunFolder
from stq.app._strata import Kind, Stratification, stratification
from stq.calibration import ConformalCalibration, expected_coverage_range
from stq.data import ForecastData, Statistics
from stq.errors import CheckFailed, UsageError
from stq.metrics import BaselineForecast, ForecastScores, Score, ScoreOptions, StratumScore
from stq.spec import LoadedSpec
from stq.tensors import Batch
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


def evaluate(run: RunFolder, *, split: str = "test", overrides: Sequence[str] = ()) -> EvaluateResult:
    """Forecast every window of `split` with the best checkpoint and score it, in units, before and after calibration.

    Several processes (torchrun) share the windows, and each has the scores of all of them. `overrides` change the
    `evaluation` section of the run's spec for this once, and nothing else of it.

    Raises UsageError for a split that the run has not and for other overrides, CheckFailed where the run or its data is
    not what was trained, Elsewhere in the processes that don't lead.
    """
    with joined() as world:
        with world.together():
            data, scores = score_windows(run, split, world, overrides)
        with world.together():
            table = scores.compute()
            strata = scores.compute_strata()
    calibration = read_calibration(run)
    return EvaluateResult(
        run=run.path,
        split=split,
        samples=len(data.splits[split]),
        calibrated=calibration is not None,
        scores=table,
        chance=chance_ranges(table, calibration),
        notes=data.notes,
        strata=strata,
    )


def score_windows(
    run: RunFolder, split: str, world: World, overrides: Sequence[str] = ()
) -> tuple[ForecastData, ForecastScores]:
    """The data, and the scores of this process's windows."""
    loaded = evaluation_spec(run, overrides)
    metrics = resolve_metrics(loaded)
    data = open_data(loaded.spec.data, Statistics.load(run.statistics), loaded=loaded)
    if data.fingerprint != run.read_environment().get("data_sha256"):
        raise CheckFailed(f"{', '.join(loaded.spec.data.source)}: the data is not what {run.path} was trained on")
    if split not in data.splits:
        raise UsageError(f"the run has no split {split!r}; choose with --split from {', '.join(data.splits)}")
    forecaster = build_network(loaded, data)
    put_weights(forecaster, run)
    calibration = read_calibration(run)
    levels = levels_of(loaded)
    wanted = loaded.spec.evaluation
    strata = stratifications(loaded, data)
    scores = ForecastScores(
        data.variables,
        data.horizons,
        levels,
        units=data.units,
        anomaly_range=data.anomaly_range(),
        size=data.size,
        options=ScoreOptions(
            wanted.thresholds, wanted.neighbourhood, wanted.bootstrap.repetitions, wanted.bootstrap.block
        ),
        baselines=BASELINES,
        strata={kind: each.names for kind, each in strata.items()},
        metrics=metrics,
    )
    for found in forecast_split(forecaster, data, split, batch_size=loaded.spec.data.batch_size, world=world):
        quantiles = found.quantiles
        if calibration is not None and quantiles is not None:
            quantiles = calibration.apply(found.central, quantiles, levels)
        baselines = baseline_forecasts(data, found.batch)
        scores.update(
            central=found.central,
            quantiles=quantiles,
            quantiles_raw=found.quantiles,
            truth=found.truth,
            valid=found.batch.valid,
            weight=found.batch.weight,
            persistence=baselines["persistence"].central,
            climatology=baselines["climatology"].central,
            time=found.batch.time,
            baselines=baselines,
            strata={kind: each.index(found.batch) for kind, each in strata.items()},
        )
    return data, scores


BASELINES = ("persistence", "climatology")
"""The baselines that are scored, in the order of the table."""


def baseline_forecasts(data: ForecastData, batch: Batch) -> Mapping[str, BaselineForecast]:
    """The forecasts of `BASELINES`, in units."""
    return {
        "persistence": BaselineForecast(data.persistence(batch)),
        "climatology": BaselineForecast(data.climatology(batch)),
    }


def evaluation_spec(run: RunFolder, overrides: Sequence[str]) -> LoadedSpec:
    """The run's spec, its `evaluation` changed. Raises UsageError for an override of anything else."""
    for override in overrides:
        if not override.startswith("evaluation."):
            raise UsageError(f"--set {override}: a run is scored as it was trained; only evaluation.* can be set")
    return run.load_spec(overrides)


def stratifications(loaded: LoadedSpec, data: ForecastData) -> Mapping[str, Stratification]:
    """By kind: the periods that the spec asks for, and the strata of its map."""
    kinds: list[Kind] = [] if loaded.spec.evaluation.periods is None else [loaded.spec.evaluation.periods]
    if loaded.spec.strata is not None:
        kinds.append("stratum")
    return {kind: stratification(data, kind, loaded) for kind in kinds}


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

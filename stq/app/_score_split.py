"""The windows of a split, forecast by a run and by the baselines, and scored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from stq.app._assembly import put_weights
from stq.app._calibrate import groups_for, read_calibration
from stq.app._data import open_data
from stq.app._forecasting import UnitsBatch, forecast_split
from stq.app._losses import levels_of
from stq.app._metrics import resolve_metrics
from stq.app._models import build_network
from stq.app._run_folder import RunFolder
from stq.app._strata import Kind, Stratification, stratification
from stq.app.baselines import Baselines
from stq.calibration import ConformalCalibration
from stq.data import ForecastData, Statistics, WindowDataset
from stq.errors import CheckFailed, UsageError
from stq.metrics import ForecastScores, Metric, ScoreOptions
from stq.models import Forecaster
from stq.spec import LoadedSpec
from stq.training import ALONE, World

MOST_CELLS = 2**16
"""Cells of the fields that are scored at a time: every baseline has maps of every level at every horizon."""


@dataclass(frozen=True)
class Scoring:
    """A run, opened to be scored on the windows of `split`."""

    loaded: LoadedSpec
    data: ForecastData
    split: str
    forecaster: Forecaster
    calibration: ConformalCalibration | None
    groups: Stratification | None
    strata: Mapping[str, Stratification]
    metrics: Mapping[str, Metric]
    batch_size: int

    @property
    def windows(self) -> WindowDataset:
        """What is scored."""
        return self.data.splits[self.split]

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels, none where the run has no band."""
        return levels_of(self.loaded)

    def forecasts(self, world: World = ALONE) -> Iterator[UnitsBatch]:
        """This process's windows with the raw forecasts of the network."""
        return forecast_split(self.forecaster, self.data, self.split, batch_size=self.batch_size, world=world)

    def calibrated(self, found: UnitsBatch) -> Tensor | None:
        """The quantiles that a person is shown, B H Q C Y X in units: calibrated where the run is."""
        if self.calibration is None or found.quantiles is None:
            return found.quantiles
        group = None if self.groups is None else self.groups.index(found.batch)
        return self.calibration.apply(found.central, found.quantiles, self.levels, group=group)


def open_scoring(
    run: RunFolder, split: str, block: tuple[int, int] | None = None, overrides: Sequence[str] = ()
) -> Scoring:
    """Read the run and its data. The windows of the training part are scored over the whole field, each once, however
    they were cut and drawn for training.
    """
    loaded = evaluation_spec(run, overrides)
    metrics = resolve_metrics(loaded)
    data = open_data(loaded.spec.data, Statistics.load(run.statistics), loaded=loaded)
    if data.fingerprint != run.read_environment().get("data_sha256"):
        raise CheckFailed(f"{', '.join(loaded.spec.data.source)}: the data is not what {run.path} was trained on")
    if split not in data.splits:
        raise UsageError(f"the run has no split {split!r}; choose with --split from {', '.join(data.splits)}")
    windows, batch_size = data.splits[split], loaded.spec.data.batch_size
    if split == "train":
        windows, batch_size = windows.whole(), data.whole_fields(batch_size)
    if block is not None:
        windows = windows.between(*block)
    data = replace(data, splits={**data.splits, split: windows})
    forecaster = build_network(loaded, data)
    put_weights(forecaster, run)
    forecaster.eval()
    calibration = read_calibration(run)
    return Scoring(
        loaded=loaded,
        data=data,
        split=split,
        forecaster=forecaster,
        calibration=calibration,
        groups=groups_for(calibration, data, loaded, run),
        strata=stratifications(loaded, data, run),
        metrics=metrics,
        batch_size=batch_size,
    )


def score_windows(scoring: Scoring, baselines: Baselines, world: World) -> ForecastScores:
    """The scores of this process's windows."""
    data = scoring.data
    scores = ForecastScores(
        data.variables,
        data.horizons,
        scoring.levels,
        units=data.units,
        anomaly_range=data.anomaly_range(),
        size=data.size,
        options=score_options(scoring.loaded),
        baselines=baselines.names,
        strata={kind: each.names for kind, each in scoring.strata.items()},
        metrics=scoring.metrics,
    )
    for batch in scoring.forecasts(world):
        for found in batch.pieces(MOST_CELLS):
            others = baselines.forecast(found.batch)
            scores.update(
                central=found.central,
                quantiles=scoring.calibrated(found),
                quantiles_raw=found.quantiles,
                truth=found.truth,
                valid=found.batch.valid,
                weight=found.batch.weight,
                persistence=others["persistence"].central,
                climatology=others["climatology"].central,
                time=found.batch.time,
                baselines=others,
                strata={kind: each.index(found.batch) for kind, each in scoring.strata.items()},
            )
    return scores


def score_options(loaded: LoadedSpec) -> ScoreOptions:
    """What the spec asks to be scored beside what always is."""
    wanted = loaded.spec.evaluation
    return ScoreOptions(wanted.thresholds, wanted.neighbourhood, wanted.bootstrap.repetitions, wanted.bootstrap.block)


def evaluation_spec(run: RunFolder, overrides: Sequence[str]) -> LoadedSpec:
    """The run's spec, its `evaluation` changed. Raises UsageError for an override of anything else."""
    for override in overrides:
        if not override.startswith("evaluation."):
            raise UsageError(f"--set {override}: a run is scored as it was trained; only evaluation.* can be set")
    return run.load_spec(overrides)


def stratifications(loaded: LoadedSpec, data: ForecastData, run: RunFolder) -> Mapping[str, Stratification]:
    """By kind: the periods that the spec asks for, and the strata of its map."""
    kinds: list[Kind] = [] if loaded.spec.evaluation.periods is None else [loaded.spec.evaluation.periods]
    if loaded.spec.strata is not None:
        kinds.append("stratum")
    return {kind: stratification(data, kind, loaded, run=run) for kind in kinds}

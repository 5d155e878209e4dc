"""Everything that a report of a run says, gathered from the run's folder and from one pass over a split."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stq.app._assembly import build_network, put_weights
from stq.app._calibrate import read_calibration
from stq.app._data import open_data
from stq.app._evaluate import EvaluateResult, evaluate
from stq.app._forecasting import UnitsBatch, forecast_batch, forecast_split
from stq.app._losses import levels_of
from stq.app._report_card import data_card, provenance
from stq.app._report_curves import learning_curves
from stq.app._report_data import ReportData, WindowErrors
from stq.app._report_maps import MapSource, draw_maps
from stq.app._report_widths import WidthErrors
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration
from stq.data import ForecastData, Statistics
from stq.models import Forecaster
from stq.spec import LoadedSpec
from stq.tensors import Batch


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run, ready to forecast."""

    loaded: LoadedSpec
    data: ForecastData
    forecaster: Forecaster
    calibration: ConformalCalibration | None
    levels: tuple[float, ...]

    def calibrated(self, found: UnitsBatch) -> UnitsBatch:
        """The same batch with the quantiles that a person is shown."""
        if self.calibration is None or found.quantiles is None:
            return found
        quantiles = self.calibration.apply(found.central, found.quantiles, self.levels)
        return UnitsBatch(found.batch, found.central, quantiles, found.truth)

    def forecast(self, batch: Batch) -> UnitsBatch:
        """One batch, calibrated."""
        return self.calibrated(forecast_batch(self.forecaster, self.data, batch))


def collect_report(run: RunFolder, *, split: str = "test") -> ReportData:
    """Score the run on `split`, as `stq eval` does, and draw what the scores leave out: maps, width against error.

    Raises what `evaluate` raises, and CheckFailed where a file of the run is damaged.
    """
    result = evaluate(run, split=split)
    finished = open_finished(run)
    data = finished.data
    band = outermost(result, finished.levels)
    mean_squares, widths = pass_over(finished, split, band)
    errors = WindowErrors(
        issued=tuple(data.time_label(step) for step in data.splits[split].issue_times),
        rmse=np.sqrt(mean_squares),
    )
    audit = run.read_json(run.audit) if run.audit.is_file() else None
    levels = None if band is None else (finished.levels[band[0]], finished.levels[band[1]])
    return ReportData(
        run=run.path,
        name=finished.loaded.spec.name,
        split=split,
        variables=data.variables,
        units=data.units,
        horizons=data.horizons,
        levels=finished.levels,
        evaluation=result.to_dict(),
        curves=learning_curves(run, audit),
        audit=audit,
        widths=() if widths is None or levels is None else widths.curves(levels),
        band=levels,
        maps=draw_maps(MapSource(data, split, finished.forecast, band), errors, mean_squares),
        errors=errors,
        card=data_card(finished.loaded, data),
        provenance=provenance(run, finished.loaded),
    )


def open_finished(run: RunFolder) -> FinishedRun:
    """The run's data, network and calibration."""
    loaded = run.load_spec()
    data = open_data(loaded.spec.data, Statistics.load(run.statistics), loaded=loaded)
    forecaster = build_network(loaded, data)
    put_weights(forecaster, run)
    forecaster.eval()
    return FinishedRun(loaded, data, forecaster, read_calibration(run), levels_of(loaded))


def outermost(result: EvaluateResult, levels: tuple[float, ...]) -> tuple[int, int] | None:
    """Indices of the levels of the outermost band that was scored."""
    intervals = result.scores[0].intervals
    if not intervals:
        return None
    return levels.index(intervals[0].lower), levels.index(intervals[0].upper)


def pass_over(
    run: FinishedRun, split: str, band: tuple[int, int] | None
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], WidthErrors | None]:
    """N H C mean squared errors of each window, weighted by area as the scores are, and width against error."""
    data, rows = run.data, []
    widths = None if band is None else WidthErrors(data.variables, data.units, data.horizons)
    for found in forecast_split(run.forecaster, data, split, batch_size=run.loaded.spec.data.batch_size):
        error = torch.where(found.batch.valid, found.central - found.truth, 0.0)
        rows.append(mean_squares(error, found.batch))
        if widths is not None and band is not None:
            quantiles = run.calibrated(found).quantiles
            assert quantiles is not None  # for the type checker: there is a band
            widths.update(quantiles[:, :, band[1]] - quantiles[:, :, band[0]], error, found.batch.valid)
    return torch.cat(rows).numpy(), widths


def mean_squares(error: Tensor, batch: Batch) -> Tensor:
    """B H C means over valid cells; NaN where there is none."""
    weight = batch.weight[:, None, None].double() * batch.valid
    return (weight * error.double().square()).sum(dim=(-1, -2)) / weight.sum(dim=(-1, -2))

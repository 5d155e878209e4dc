"""Everything that a report of a run says, gathered from the run's folder and from one pass over a split."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stq.app._evaluate import EvaluateResult, evaluate_opened
from stq.app._forecasting import UnitsBatch, forecast_batch
from stq.app._run_folder import RunFolder
from stq.app._score_split import Scoring, open_scoring
from stq.app.report_data._card import data_card, provenance
from stq.app.report_data._curves import learning_curves
from stq.app.report_data._maps import MapSource, draw_maps
from stq.app.report_data._report_data import ReportData, WindowErrors
from stq.app.report_data._widths import WidthErrors
from stq.tensors import Batch
from stq.training import joined


def collect_report(run: RunFolder, *, split: str = "test") -> ReportData:
    """Score the run on `split`, as `stq eval` does, and draw what the scores leave out: maps, width against error.

    Raises what `evaluate` raises, and CheckFailed where a file of the run is damaged.
    """
    with joined() as world:
        with world.together():
            scoring = open_scoring(run, split)
        result = evaluate_opened(run, scoring, world)
    data = scoring.data
    band = outermost(result, scoring.levels)
    mean_squares, widths = pass_over(scoring, band)
    errors = WindowErrors(
        issued=tuple(data.time_label(step) for step in scoring.windows.issue_times),
        rmse=np.sqrt(mean_squares),
    )
    audit = run.read_json(run.audit) if run.audit.is_file() else None
    levels = None if band is None else (scoring.levels[band[0]], scoring.levels[band[1]])
    return ReportData(
        run=run.path,
        name=scoring.loaded.spec.name,
        split=split,
        variables=data.variables,
        units=data.units,
        horizons=data.horizons,
        levels=scoring.levels,
        evaluation=result.to_dict(),
        curves=learning_curves(run, audit),
        audit=audit,
        widths=() if widths is None or levels is None else widths.curves(levels),
        band=levels,
        maps=draw_maps(MapSource(data, split, partial(forecast, scoring), band), errors, mean_squares),
        errors=errors,
        card=data_card(scoring.loaded, data),
        provenance=provenance(run, scoring.loaded),
    )


def forecast(scoring: Scoring, batch: Batch) -> UnitsBatch:
    """One batch, with the quantiles that a person is shown."""
    found = forecast_batch(scoring.forecaster, scoring.data, batch)
    return replace(found, quantiles=scoring.calibrated(found))


def outermost(result: EvaluateResult, levels: tuple[float, ...]) -> tuple[int, int] | None:
    """Indices of the levels of the outermost band that was scored."""
    intervals = result.scores[0].intervals
    if not intervals:
        return None
    return levels.index(intervals[0].lower), levels.index(intervals[0].upper)


def pass_over(
    scoring: Scoring, band: tuple[int, int] | None
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], WidthErrors | None]:
    """N H C mean squared errors of each window, weighted by area as the scores are, and width against error."""
    data, rows = scoring.data, []
    widths = None if band is None else WidthErrors(data.variables, data.units, data.horizons)
    for found in scoring.forecasts():
        error = torch.where(found.batch.valid, found.central - found.truth, 0.0)
        rows.append(mean_squares(error, found.batch))
        if widths is not None and band is not None:
            quantiles = scoring.calibrated(found)
            assert quantiles is not None  # for the type checker: there is a band
            widths.update(quantiles[:, :, band[1]] - quantiles[:, :, band[0]], error, found.batch.valid)
    return torch.cat(rows).numpy(), widths


def mean_squares(error: Tensor, batch: Batch) -> Tensor:
    """B H C means over valid cells; NaN where there is none."""
    weight = batch.weight[:, None, None].double() * batch.valid
    return (weight * error.double().square()).sum(dim=(-1, -2)) / weight.sum(dim=(-1, -2))

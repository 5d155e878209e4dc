"""Fit the conformal corrections of a run on its calibration split."""

from stq.app._forecasting import forecast_split
from stq.calibration import ConformalCalibration, ConformityScores
from stq.data import ForecastData
from stq.models import Forecaster
from stq.spec import Spec


def calibrate_split(spec: Spec, data: ForecastData, forecaster: Forecaster) -> ConformalCalibration | None:
    """The corrections by horizon and variable, or None where the spec or the split leaves nothing to calibrate."""
    if spec.calibration is None or spec.quantiles is None or "calibration" not in data.splits:
        return None
    scores = ConformityScores(data.variables, data.horizons, spec.quantiles.levels, units=data.units)
    for found in forecast_split(forecaster, data, "calibration", batch_size=spec.data.batch_size):
        assert found.quantiles is not None  # for the type checker: the spec has levels
        scores.update(
            quantiles=found.quantiles,
            truth=found.truth,
            valid=found.batch.valid,
            time=found.batch.time,
            weight=found.batch.weight,
        )
    return scores.fit()

"""The conformal corrections of a run: fitted on its calibration split, and read back."""

from stq.app._forecasting import forecast_split
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration, ConformityScores
from stq.data import ForecastData
from stq.errors import CheckFailed
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


def read_calibration(run: RunFolder) -> ConformalCalibration | None:
    """The corrections of a run, None where it has none. Raises CheckFailed where they are damaged."""
    if not run.calibration.is_file():
        return None
    try:
        return ConformalCalibration.from_json(run.calibration.read_text(encoding="utf-8"))
    except (CheckFailed, ValueError, OSError) as error:
        raise CheckFailed(f"{run.calibration}: {error}") from error

"""Fit the baselines on the training part, and calibrate their bands on the calibration part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader

from stq.app._calibrate import scores_of
from stq.app._strata import Stratification
from stq.app.baselines._fitted import FittedBaselines, Table
from stq.app.baselines._forecasts import Baselines
from stq.app.baselines._points import SEASONAL, BaselinePoints, predictors_of
from stq.calibration import ConformalCalibration, QuantileSketch
from stq.data import ForecastData, WindowDataset, YearBefore, anomalies_of
from stq.metrics import PooledRegression, PooledSlope
from stq.spec import CalibrationSpec, Spec
from stq.tensors import Batch

Sketches = dict[str, list[list[QuantileSketch]]]
_VALUES = 2**14
"""Different residuals that are told apart by horizon and variable: a quantile of more is too high by less than 1/4000
of the range of all but the outermost 8000 of them."""


@dataclass(frozen=True)
class CalibrationTerms:
    """How bands are calibrated, and on which split."""

    spec: CalibrationSpec
    split: str


def fitted_on(
    spec: Spec, data: ForecastData, terms: CalibrationTerms | None, groups: Stratification | None, *, key: str
) -> FittedBaselines:
    """Everything that is fitted of the baselines. `key` is what they are known by, `terms` None to not calibrate them.

    Two passes over the training windows, the second one for the bands, and one over the calibration part. The training
    windows are taken whole and each once, whatever patches and repetitions the network is given.
    """
    levels = () if spec.quantiles is None else spec.quantiles.levels
    batch_size = data.whole_fields(spec.data.batch_size)
    points, bands = fit_points(data, batch_size), dict[str, tuple[Table, ...]]()
    if levels:
        sketches = residuals_of(points, batch_size)
        if SEASONAL in sketches and any(not sketch.n for row in sketches[SEASONAL] for sketch in row):
            points = replace(points, year_before=None)  # no year of the training part has another before it
        for name in points.names:
            bands[name] = tuple(
                tuple(tuple(sketch.quantile(level) for sketch in row) for level in levels) for row in sketches[name]
            )
    fitted = FittedBaselines(
        key=key,
        names=points.names,
        levels=levels,
        share=_table(points.share),
        coefficients=tuple(_table(rows) for rows in points.linear.coefficients),
        intercept=_table(points.linear.intercept),
        bands=bands,
        calibrations={},
        by=(),
    )
    if terms is None or not levels:
        return fitted
    found = calibrations_of(Baselines(data, fitted), terms, groups, batch_size)
    return replace(
        fitted, by=terms.spec.by, calibrations={name: calibration.to_json() for name, calibration in found.items()}
    )


def fit_points(data: ForecastData, batch_size: int) -> BaselinePoints:
    """The central forecasts: one pass over the training windows."""
    horizons, variables = len(data.horizons), len(data.variables)
    slope, regression = PooledSlope(horizons, variables), None
    for batch in _in_order(data.splits["train"].whole(), batch_size):
        anomalies, predictors = anomalies_of(data, batch), predictors_of(batch)
        slope.update(anomalies.last, anomalies.target, batch.valid, batch.weight)
        if regression is None:
            regression = PooledRegression(predictors.shape[1], horizons, variables)
        regression.update(predictors, batch.values, batch.valid, batch.weight)
    assert regression is not None  # for the type checker: a split without windows is refused
    year_before = YearBefore(data)
    return BaselinePoints(data, slope.fit(), regression.fit(), year_before if year_before.known_season else None)


def residuals_of(points: BaselinePoints, batch_size: int) -> Sketches:
    """The residuals of each baseline, truth minus forecast in units, by horizon and variable: another pass."""
    data = points.data
    sketches: Sketches = {
        name: [[QuantileSketch(_VALUES) for _ in data.variables] for _ in data.horizons] for name in points.names
    }
    for batch in _in_order(data.splits["train"].whole(), batch_size):
        truth = data.to_units(batch.values, batch.offset)
        area = batch.weight[:, None, None].expand_as(truth)
        for name, central in points.known(batch).items():
            residual, known = truth - central, batch.valid & central.isfinite()
            for h, row in enumerate(sketches[name]):
                for c, sketch in enumerate(row):
                    where = known[:, h, c]
                    sketch.update(residual[:, h, c][where], area[:, h, c][where])
    return sketches


def calibrations_of(
    baselines: Baselines, terms: CalibrationTerms, groups: Stratification | None, batch_size: int
) -> dict[str, ConformalCalibration]:
    """By name, the calibration of each raw band: what the network's is calibrated with, on the same terms."""
    data = baselines.data
    scores = {name: scores_of(terms.spec, data, baselines.fitted.levels, groups) for name in baselines.names}
    for batch in _in_order(data.splits[terms.split], batch_size):
        truth = data.to_units(batch.values, batch.offset)
        group = None if groups is None else groups.index(batch)
        for name, forecast in baselines.forecast(batch).items():
            assert forecast.quantiles_raw is not None  # for the type checker: there are levels
            scores[name].update(
                quantiles=forecast.quantiles_raw,
                truth=truth,
                valid=batch.valid,
                time=batch.time,
                weight=batch.weight,
                central=forecast.central,
                group=group,
            )
    return {name: replace(of_one.fit(), fitted_on=terms.split) for name, of_one in scores.items()}


def _in_order(windows: WindowDataset, batch_size: int) -> Iterator[Batch]:
    yield from DataLoader(windows, batch_size=batch_size)


def _table(numbers: Float[Tensor, "a b"]) -> Table:
    return tuple(tuple(row) for row in numbers.tolist())

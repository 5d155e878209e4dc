"""Bands that keep their promise: split-conformal calibration of quantiles, by horizon and variable.

`ConformityScores` collects how far the truth stood outside the band in the calibration part and fits a
`ConformalCalibration`, which moves the quantiles of later forecasts. All in units. `expected_coverage_range` says how
much chance is left with so few frames.
"""

from stq.calibration._conformal_calibration import ConformalCalibration
from stq.calibration._conformity_scores import ConformityScores, conformal_quantile
from stq.calibration._expected_coverage import expected_coverage_range
from stq.calibration._quantile_sketch import QuantileSketch

__all__ = [
    "ConformalCalibration",
    "ConformityScores",
    "QuantileSketch",
    "conformal_quantile",
    "expected_coverage_range",
]

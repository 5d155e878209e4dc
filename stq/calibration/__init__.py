"""Bands that keep their promise: split-conformal calibration of quantiles.

`ConformityScores` collects how far the truth stood outside the band in the calibration part, in fixed memory
(`QuantileSketch`), and fits a `ConformalCalibration`, by horizon and variable and perhaps by groups such as seasons. It
moves the quantiles of later forecasts. All in units. `expected_coverage_range` and `least_frames` say how much chance
is left with so few frames, and `calibration_notes` what of it a person should know.
"""

from stq.calibration._bands import Band, bands
from stq.calibration._conformal_calibration import ConformalCalibration, Corrections, Form
from stq.calibration._conformity_scores import ConformityScores
from stq.calibration._document import seal, unseal
from stq.calibration._expected_coverage import expected_coverage_range, least_frames
from stq.calibration._notes import calibration_notes, frames_notes
from stq.calibration._quantile_sketch import QuantileSketch, conformal_quantile

__all__ = [
    "Band",
    "ConformalCalibration",
    "ConformityScores",
    "Corrections",
    "Form",
    "QuantileSketch",
    "bands",
    "calibration_notes",
    "conformal_quantile",
    "expected_coverage_range",
    "frames_notes",
    "least_frames",
    "seal",
    "unseal",
]

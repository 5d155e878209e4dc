"""Scores of a forecast against what came true, and against persistence and climatology, in units.

`ForecastScores` streams batches and gives a `Score` for each variable and horizon. Missing values never count, area
weights do, and what is not defined is None, never NaN.
"""

from stq.metrics._baseline_forecast import BaselineForecast
from stq.metrics._forecast_scores import ForecastScores
from stq.metrics._pooled_regression import LinearMap, PooledRegression
from stq.metrics._pooled_slope import PooledSlope
from stq.metrics._quantile_scores import crossed, crps_from_pinball, interval_pairs, interval_score, pinball_loss
from stq.metrics._score import Interval, Score
from stq.metrics._structural_similarity import structural_similarity

__all__ = [
    "BaselineForecast",
    "ForecastScores",
    "Interval",
    "LinearMap",
    "PooledRegression",
    "PooledSlope",
    "Score",
    "crossed",
    "crps_from_pinball",
    "interval_pairs",
    "interval_score",
    "pinball_loss",
    "structural_similarity",
]

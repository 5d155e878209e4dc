"""Scores of a forecast against what came true, and against persistence and climatology, in units.

`ForecastScores` streams batches and gives a `Score` for each variable and horizon. Missing values never count, area
weights do, and what is not defined is None, never NaN. A `Metric` is a score of a user's own. Further baselines are
scored beside as a `BaselineForecast`; `PooledSlope` and `PooledRegression` are what two of them are fitted by.
`effective_frames` counts frames that are alike for what they are worth.
"""

from stq.metrics._baseline_forecast import BaselineForecast
from stq.metrics._block_bootstrap import block_length, effective_frames
from stq.metrics._build_metric import build_metric, metric_options, options_of_metric
from stq.metrics._builtin import stq_metrics
from stq.metrics._forecast_scores import ForecastScores, ScoreOptions
from stq.metrics._metric import Metric, MetricContext
from stq.metrics._pooled_regression import LinearMap, PooledRegression
from stq.metrics._pooled_slope import PooledSlope
from stq.metrics._quantile_scores import crossed, crps_from_pinball, interval_pairs, interval_score, pinball_loss
from stq.metrics._score import (
    BaselineScore,
    CriticalSuccessIndex,
    FractionsSkillScore,
    Interval,
    Pit,
    Score,
    Spectrum,
    StratumScore,
)
from stq.metrics._spectrum import power_spectrum, wavenumbers
from stq.metrics._structural_similarity import structural_similarity

__all__ = [
    "BaselineForecast",
    "BaselineScore",
    "CriticalSuccessIndex",
    "ForecastScores",
    "FractionsSkillScore",
    "Interval",
    "LinearMap",
    "Metric",
    "MetricContext",
    "Pit",
    "PooledRegression",
    "PooledSlope",
    "Score",
    "ScoreOptions",
    "Spectrum",
    "StratumScore",
    "block_length",
    "build_metric",
    "crossed",
    "crps_from_pinball",
    "effective_frames",
    "interval_pairs",
    "interval_score",
    "metric_options",
    "options_of_metric",
    "pinball_loss",
    "power_spectrum",
    "stq_metrics",
    "structural_similarity",
    "wavenumbers",
]

"""One row of the score table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Interval:
    """How the band between two levels did. `expected` is the coverage that its levels claim, upper - lower.

    `coverage` is the share of the truth within the band, ends included; `width` its mean width and `interval_score`
    its mean interval score, in units. The values named `raw` are those before calibration.
    """

    lower: float
    upper: float
    expected: float
    coverage: float
    coverage_raw: float
    width: float
    width_raw: float
    interval_score: float


@dataclass(frozen=True)
class Score:
    """How the forecast of one variable did at one horizon, in the variable's units. None: not defined.

    `n` counts valid cells, `frames` the distinct issue times with any valid cell: the sample size to have in mind,
    since the cells of one frame are anything but independent. Errors, coverage, width and quantile scores are means
    over valid cells, weighted by area where the data is; `bias` is forecast minus truth. `ssim` compares anomalies
    from the climatology, over windows without gaps. `skill_x` is 1 - rmse / rmse_x. `coverage`, `coverage_raw`,
    `width`, `width_raw` and `interval_score` are those of the outermost of `intervals`. `pinball` goes by level;
    `crps` is integrated over the levels, None below five. The crossing rates are the share of valid cells where any
    two neighbouring quantiles are in the wrong order.
    """

    variable: str
    horizon: int
    units: str
    n: int
    frames: int
    rmse: float
    mae: float
    bias: float
    ssim: float | None
    rmse_persistence: float
    rmse_climatology: float
    skill_persistence: float | None
    skill_climatology: float | None
    coverage: float | None
    coverage_raw: float | None
    width: float | None
    width_raw: float | None
    interval_score: float | None
    crps: float | None
    pinball: Mapping[str, float]
    crossing_rate: float | None
    crossing_rate_raw: float | None
    intervals: tuple[Interval, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON, under the same names."""
        return asdict(self) | {"pinball": dict(self.pinball), "intervals": [asdict(row) for row in self.intervals]}

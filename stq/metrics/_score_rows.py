"""From sums over cells to rows of the score table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stq.errors import DataError, NonFiniteError
from stq.metrics._quantile_scores import crps_from_pinball, interval_pairs, interval_score
from stq.metrics._score import BaselineScore, CriticalSuccessIndex, FractionsSkillScore, Interval, Pit, Score, Spectrum

LEVELS_FOR_CRPS = 5
"""With fewer levels the integral over them says more about the rule than about the forecast."""


@dataclass(frozen=True)
class RowSums:
    """The sums of one variable at one horizon, over all frames, and what belongs to the row."""

    variable: str
    horizon: int
    units: str
    levels: tuple[float, ...]
    sums: Mapping[str, Sequence[float]]

    @property
    def what(self) -> str:
        """The row's name in an error."""
        return f"{self.variable} at horizon {self.horizon}"

    def one(self, name: str) -> float:
        """A sum of which there is one."""
        (value,) = self.sums[name]
        return value

    def mean(self, name: str) -> float:
        """Weighted mean."""
        return self.one(name) / self.one("weight")

    def means(self, name: str, weight: str = "weight") -> tuple[float, ...]:
        """Weighted means by level, pair of levels or rank; empty without levels."""
        return tuple(value / self.one(weight) for value in self.sums.get(name, ()))

    def by_level(self, values: Sequence[float]) -> dict[str, float]:
        """Values under the names of the levels."""
        return {str(level): value for level, value in zip(self.levels, values, strict=True)} if values else {}


def score_of(row: RowSums, frames: int) -> Score:
    """The row of the table. Raises DataError without a valid cell, NonFiniteError for a forecast that isn't finite."""
    if not row.one("n"):
        raise DataError(f"nothing to score: not one valid cell of {row.what}")
    pinball = row.means("pinball")
    if not all(map(math.isfinite, [row.one("square"), *pinball, *row.means("width_raw"), *row.means("width")])):
        raise NonFiniteError(f"the forecast of {row.what} is not finite")
    if not math.isfinite(row.one("square_persistence") + row.one("square_climatology")):
        raise DataError(f"the baselines of {row.what} are not finite")
    intervals = intervals_of(row)
    outer = intervals[0] if intervals else None
    rmse, rmse_persistence, rmse_climatology = (
        math.sqrt(row.mean(name)) for name in ("square", "square_persistence", "square_climatology")
    )
    banded = bool(row.levels)
    return Score(
        variable=row.variable,
        horizon=row.horizon,
        units=row.units,
        n=round(row.one("n")),
        frames=frames,
        rmse=rmse,
        mae=row.mean("absolute"),
        bias=row.mean("error"),
        ssim=ratio(row.one("ssim"), row.one("ssim_weight")) if "ssim" in row.sums else None,
        rmse_persistence=rmse_persistence,
        rmse_climatology=rmse_climatology,
        skill_persistence=skill(rmse, rmse_persistence),
        skill_climatology=skill(rmse, rmse_climatology),
        coverage=outer.coverage if outer else None,
        coverage_raw=outer.coverage_raw if outer else None,
        width=outer.width if outer else None,
        width_raw=outer.width_raw if outer else None,
        interval_score=outer.interval_score if outer else None,
        crps=crps(row.levels, pinball),
        pinball=row.by_level(pinball),
        crossing_rate=row.one("crossing") / row.one("n") if banded else None,
        crossing_rate_raw=row.one("crossing_raw") / row.one("n") if banded else None,
        intervals=intervals,
        acc=ratio(row.one("product"), math.sqrt(row.one("anomaly") * row.one("square_climatology"))),
        pit=Pit((0.0, *row.levels, 1.0), row.means("rank")) if banded else None,
        reliability=row.by_level(row.means("below")),
        reliability_raw=row.by_level(row.means("below_raw")),
        spectrum=spectrum_of(row),
    )


def intervals_of(row: RowSums) -> tuple[Interval, ...]:
    """Every pair of levels around the median, the outermost first."""
    if not row.levels:
        return ()
    pinball = row.means("pinball")
    names = ("inside", "inside_raw", "width", "width_raw")
    inside, inside_raw, width, width_raw = (row.means(name) for name in names)
    return tuple(
        Interval(
            lower=row.levels[low],
            upper=row.levels[up],
            expected=round(row.levels[up] - row.levels[low], 12),  # 0.9, not 0.8999999999999999
            coverage=inside[k],
            coverage_raw=inside_raw[k],
            width=width[k],
            width_raw=width_raw[k],
            interval_score=interval_score(pinball[low], pinball[up], row.levels[low], row.levels[up]),
        )
        for k, (low, up) in enumerate(interval_pairs(row.levels))
    )


def baseline_of(row: RowSums, name: str, rmse: float) -> BaselineScore:
    """The scores of a baseline at the same cells. Raises DataError where it is not finite."""
    root = math.sqrt(row.mean(f"{name}.square"))
    weight = f"{name}.banded"
    pinball, inside, width = (
        row.means(f"{name}.{part}", weight) if row.one(weight) else () for part in ("pinball", "inside", "width")
    )
    if not all(map(math.isfinite, [root, *pinball, *width])):
        raise DataError(f"the baseline {name} of {row.what} is not finite")
    outer = next(iter(interval_pairs(row.levels)), None) if inside else None
    score = None
    if outer is not None:
        low, up = outer
        score = interval_score(pinball[low], pinball[up], row.levels[low], row.levels[up])
    return BaselineScore(
        rmse=root,
        mae=row.mean(f"{name}.absolute"),
        skill=skill(rmse, root),
        coverage=inside[0] if inside else None,
        width=width[0] if inside else None,
        interval_score=score,
        crps=crps(row.levels, pinball),
        pinball=row.by_level(pinball),
    )


def spectrum_of(row: RowSums) -> Spectrum | None:
    """Mean power by wavenumber; None for fields too small for any."""
    if not row.sums.get("power_truth"):
        return None
    forecast, truth = (row.means(name, "spectra") for name in ("power_forecast", "power_truth"))
    ratios = tuple(ratio(f, y) for f, y in zip(forecast, truth, strict=True))
    return Spectrum(tuple(range(1, len(truth) + 1)), forecast, truth, ratios)


def events_of(
    row: RowSums, thresholds: Sequence[float], scales: Sequence[int]
) -> tuple[tuple[CriticalSuccessIndex, ...], tuple[FractionsSkillScore, ...]]:
    """CSI by threshold, FSS by threshold and neighbourhood."""
    csi, fss = [], []
    for e, threshold in enumerate(thresholds):
        csi.append(CriticalSuccessIndex(threshold, ratio(row.sums["hits"][e], row.sums["either"][e])))
        for s, scale in enumerate(scales):
            k = e * len(scales) + s
            unlike = ratio(row.sums["fss_difference"][k], row.sums["fss_reference"][k])
            fss.append(FractionsSkillScore(threshold, scale, None if unlike is None else 1 - unlike))
    return tuple(csi), tuple(fss)


def crps(levels: Sequence[float], pinball: Sequence[float]) -> float | None:
    """CRPS from mean pinball losses, where there are levels enough."""
    return crps_from_pinball(pinball, levels) if len(levels) >= LEVELS_FOR_CRPS and pinball else None


def skill(rmse: float, reference: float) -> float | None:
    """1 - rmse / reference; None against a reference that makes no error, where no forecast has skill."""
    return 1 - rmse / reference if reference > 0 else None


def ratio(part: float, whole: float) -> float | None:
    """None where there is nothing to divide by."""
    return part / whole if whole > 0 else None

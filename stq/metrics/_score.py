"""One row of the score table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


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
class BaselineScore:
    """How a baseline did at the same cells: its scores are made as the forecast's are.

    `skill` is that of the forecast over the baseline, 1 - rmse / rmse of the baseline. The scores of the band, and
    `pinball` by level, are None and empty for a baseline without one.
    """

    rmse: float
    mae: float
    skill: float | None
    coverage: float | None
    width: float | None
    interval_score: float | None
    crps: float | None
    pinball: Mapping[str, float]


@dataclass(frozen=True)
class Pit:
    """Histogram of the probability integral transform: `share[k]` of the truth lies between `edges[k]` and the next.

    The edges are the levels, with 0 and 1. Of a calibrated forecast each share is the distance of its edges.
    """

    edges: tuple[float, ...]
    share: tuple[float, ...]


@dataclass(frozen=True)
class Spectrum:
    """Mean power of the anomalies of forecast and truth by `wavenumber`, in cycles over the shorter side of the field.

    `ratio` below 1: the forecast is too smooth there; None where the truth has no power.
    """

    wavenumber: tuple[int, ...]
    forecast: tuple[float, ...]
    truth: tuple[float, ...]
    ratio: tuple[float | None, ...]


@dataclass(frozen=True)
class FractionsSkillScore:
    """FSS of values at or above `threshold`, in neighbourhoods of `scale` by `scale` cells; None without any event."""

    threshold: float
    scale: int
    value: float | None


@dataclass(frozen=True)
class CriticalSuccessIndex:
    """CSI of values at or above `threshold`; None without any event."""

    threshold: float
    value: float | None


@dataclass(frozen=True)
class Score:
    """How the forecast of one variable did at one horizon, in the variable's units. None: not defined.

    `n` counts valid cells, `frames` the distinct issue times with any valid cell: the sample size to have in mind,
    since the cells of one frame are anything but independent; nor are frames that follow each other, of which
    `effective_frames` says how many independent ones they are worth. Errors, coverage, width and quantile scores are
    means over valid cells, weighted by area where the data is; `bias` is forecast minus truth. `ssim` compares
    anomalies from the climatology, over windows without gaps; `acc` is their correlation. `skill_x` is
    1 - rmse / rmse_x. `coverage`, `coverage_raw`, `width`, `width_raw` and `interval_score` are those of the outermost
    of `intervals`. `pinball` goes by level, and `reliability`: the share of the truth at or below each quantile. `crps`
    is integrated over the levels, None below five. The crossing rates are the share of valid cells where any two
    neighbouring quantiles are in the wrong order. `interval95` has the bootstrap's interval of some of the scores by
    name, and `metrics` the values of the spec's own. docs/evaluation.md has the formulae.
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
    effective_frames: float | None = None
    interval95: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    acc: float | None = None
    pit: Pit | None = None
    reliability: Mapping[str, float] = field(default_factory=dict)
    reliability_raw: Mapping[str, float] = field(default_factory=dict)
    spectrum: Spectrum | None = None
    fss: tuple[FractionsSkillScore, ...] = ()
    csi: tuple[CriticalSuccessIndex, ...] = ()
    baselines: Mapping[str, BaselineScore] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON, under the same names."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class StratumScore:
    """The light scores of one variable at one horizon in one stratum: a month, a season, or a part of the field.

    Each as in `Score`, over the cells of the stratum alone. Strata without any valid cell have no row.
    """

    kind: str
    name: str
    variable: str
    horizon: int
    units: str
    n: int
    frames: int
    rmse: float
    bias: float
    skill_persistence: float | None
    skill_climatology: float | None
    coverage: float | None
    coverage_raw: float | None
    width: float | None
    width_raw: float | None

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON, under the same names."""
        return asdict(self)


def _plain(value: object) -> object:
    """Lists for tuples, all the way down."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value

"""What a comparison compares: the figures of one finished run, and those of two runs side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from stq.app._epochs import epochs_until
from stq.metrics import Score

Place = tuple[str, int]
"""A variable and a horizon."""


@dataclass(frozen=True)
class Figure:
    """One number that every variable and horizon has. `kind` says how two of them are compared.

    `relative`: the difference in percent of the first arm's, which has to be above 0; `points`: a share, the difference
    in percentage points.
    """

    name: str
    title: str
    kind: Literal["relative", "points"]
    of: Callable[[Score], float | None]

    @property
    def unit(self) -> str:
        """Of the difference."""
        return "%" if self.kind == "relative" else "points"

    def comparable(self, first: float) -> bool:
        """Whether another number can be told as a difference from the first arm's."""
        return self.kind == "points" or first > 0

    def difference(self, first: float, other: float) -> float:
        """Other minus first."""
        return 100 * (other / first - 1) if self.kind == "relative" else 100 * (other - first)


def _off_claim(share: float | None, score: Score) -> float | None:
    claimed = max((interval.expected for interval in score.intervals), default=None)
    return None if share is None or claimed is None else abs(share - claimed)


def _pinball(score: Score) -> float | None:
    return sum(score.pinball.values()) / len(score.pinball) if score.pinball else None


RMSE = Figure("rmse", "central RMSE", "relative", lambda score: score.rmse)
COVERAGE_ERROR = Figure(
    "coverage_error", "coverage error, calibrated", "points", lambda score: _off_claim(score.coverage, score)
)
COVERAGE_ERROR_RAW = Figure(
    "coverage_error_raw", "coverage error, raw", "points", lambda score: _off_claim(score.coverage_raw, score)
)
COVERAGE_RAW = Figure("coverage_raw", "coverage, raw", "points", lambda score: score.coverage_raw)
CRPS = Figure("crps", "CRPS", "relative", lambda score: score.crps)
PINBALL = Figure("pinball", "mean pinball", "relative", _pinball)
WIDTH = Figure("width", "band width, calibrated", "relative", lambda score: score.width)
WIDTH_RAW = Figure("width_raw", "band width, raw", "relative", lambda score: score.width_raw)
FIGURES = (RMSE, COVERAGE_RAW, COVERAGE_ERROR_RAW, COVERAGE_ERROR, CRPS, PINBALL, WIDTH_RAW, WIDTH)
"""In the order in which they are reported. The mean pinball stands in where the levels are too few for a CRPS."""

OWN, COMMON = "epochs_own", "epochs_common"
SPEED = {
    OWN: "epochs until the bands are within 2 % of their own best",
    COMMON: "epochs until the bands are within 2 % of the worse best of both arms",
}


def figures_of(scores: Sequence[Score]) -> dict[str, dict[Place, float]]:
    """Every figure that is defined, at every variable and horizon."""
    found: dict[str, dict[Place, float]] = {}
    has_crps = all(score.crps is not None for score in scores)
    for figure in FIGURES:
        if figure is (PINBALL if has_crps else CRPS):
            continue
        values = {(score.variable, score.horizon): figure.of(score) for score in scores}
        finite = {place: value for place, value in values.items() if value is not None and isfinite(value)}
        if finite:
            found[figure.name] = finite
    return found


def speeds(first: tuple[float, ...], other: tuple[float, ...]) -> Mapping[str, tuple[int, int]]:
    """Epochs of both until the validation loss of the quantiles is near its own best, and near one that both reach.

    Ends that differ can't confound the second: its target is the greater of the two bests.
    """
    if not first or not other or not isfinite(min(first) + min(other)):
        return {}
    targets = {OWN: (min(first), min(other)), COMMON: (max(min(first), min(other)),) * 2}
    found = {}
    for name, (here, there) in targets.items():
        pair = epochs_until(first, here), epochs_until(other, there)
        if pair[0] is not None and pair[1] is not None:
            found[name] = (pair[0], pair[1])
    return found

"""From batches of forecasts to the score table."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from stq.errors import DataError, NonFiniteError
from stq.metrics._quantile_scores import crps_from_pinball, interval_pairs, interval_score
from stq.metrics._score import Interval, Score
from stq.metrics._score_means import ScoreMeans

LEVELS_FOR_CRPS = 5
"""With fewer levels the integral over them says more about the rule than about the forecast."""


class ForecastScores(nn.Module):
    """Scores by variable and horizon, streamed: `update` with every batch, then `compute`.

    `anomaly_range` is the least and greatest anomaly of each variable in units, from the training part, for SSIM (None:
    no SSIM); `units` one text for each variable. All sums are in float64 whatever the forecast's precision, so keep
    this on a device that has it (the CPU is fine).
    """

    def __init__(
        self,
        variables: Sequence[str],
        horizons: Sequence[int],
        levels: Sequence[float] = (),
        *,
        units: Sequence[str] | None = None,
        anomaly_range: tuple[Float[Tensor, " C"], Float[Tensor, " C"]] | None = None,
    ) -> None:
        super().__init__()
        self.variables = tuple(variables)
        self.horizons = tuple(horizons)
        self.levels = tuple(levels)
        self.units = tuple(units) if units is not None else ("",) * len(self.variables)
        self.means = ScoreMeans(len(self.variables), len(self.horizons), self.levels, anomaly_range)

    def update(
        self,
        *,
        central: Float[Tensor, "B H C Y X"],
        truth: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        persistence: Float[Tensor, "B H C Y X"],
        climatology: Float[Tensor, "B H C Y X"],
        time: Int64[Tensor, " B"],
        quantiles: Float[Tensor, "B H Q C Y X"] | None = None,
        quantiles_raw: Float[Tensor, "B H Q C Y X"] | None = None,
        weight: Float[Tensor, "B Y X"] | None = None,
    ) -> None:
        """Add one batch, all fields in units.

        `quantiles_raw` are those before calibration (None: `quantiles` were not calibrated); `time` is the index of
        the frame at which each forecast was issued; `weight` is the area weight of each cell.
        """
        self.means.update(central, quantiles, quantiles_raw, truth, valid, weight, persistence, climatology, time)

    def compute(self) -> tuple[Score, ...]:
        """One `Score` for each variable and horizon, variables first.

        Where torch.distributed is at work, every process has to ask, and gets the scores of all their batches, also
        one that was given none.

        Raises DataError where a variable has no valid cell at a horizon, and NonFiniteError where a forecast isn't
        finite: neither becomes a NaN in a table.
        """
        if not self.means.update_called:
            if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
                raise DataError("nothing to score: not one window was given")
            self.means.add_nothing()
        rows, columns = len(self.horizons), len(self.variables)
        # Reshaped, for torchmetrics squeezes what has one element.
        means = {name: mean.reshape(rows, -1, columns) for name, mean in self.means.compute().items()}
        return tuple(
            self._score(c, h, {name: mean[h, :, c].tolist() for name, mean in means.items()})
            for c in range(len(self.variables))
            for h in range(len(self.horizons))
        )

    def _score(self, c: int, h: int, means: dict[str, list[float]]) -> Score:
        what = f"{self.variables[c]} at horizon {self.horizons[h]}"
        one = {name: mean[0] for name, mean in means.items() if len(mean) == 1}
        if not one["n"]:
            raise DataError(f"nothing to score: not one valid cell of {what}")
        pinball = means["pinball"]
        if not all(map(math.isfinite, [one["root_square"], *pinball, *means["width_raw"]])):
            raise NonFiniteError(f"the forecast of {what} is not finite")
        if not math.isfinite(one["root_square_persistence"] + one["root_square_climatology"]):
            raise DataError(f"the baselines of {what} are not finite")
        intervals = self._intervals(means)
        outer = intervals[0] if intervals else None
        rmse = one["root_square"]
        return Score(
            variable=self.variables[c],
            horizon=self.horizons[h],
            units=self.units[c],
            n=int(one["n"]),
            frames=int(one["frames"]),
            rmse=rmse,
            mae=one["absolute"],
            bias=one["error"],
            ssim=None if math.isnan(one["ssim"]) else one["ssim"],
            rmse_persistence=one["root_square_persistence"],
            rmse_climatology=one["root_square_climatology"],
            skill_persistence=_skill(rmse, one["root_square_persistence"]),
            skill_climatology=_skill(rmse, one["root_square_climatology"]),
            coverage=outer.coverage if outer else None,
            coverage_raw=outer.coverage_raw if outer else None,
            width=outer.width if outer else None,
            width_raw=outer.width_raw if outer else None,
            interval_score=outer.interval_score if outer else None,
            crps=crps_from_pinball(pinball, self.levels) if len(self.levels) >= LEVELS_FOR_CRPS else None,
            pinball={str(level): loss for level, loss in zip(self.levels, pinball, strict=True)},
            crossing_rate=one["crossing"] if self.levels else None,
            crossing_rate_raw=one["crossing_raw"] if self.levels else None,
            intervals=intervals,
        )

    def _intervals(self, mean: dict[str, list[float]]) -> tuple[Interval, ...]:
        return tuple(
            Interval(
                lower=self.levels[low],
                upper=self.levels[up],
                expected=round(self.levels[up] - self.levels[low], 12),  # 0.9, not 0.8999999999999999
                coverage=mean["inside"][k],
                coverage_raw=mean["inside_raw"][k],
                width=mean["width"][k],
                width_raw=mean["width_raw"][k],
                interval_score=interval_score(
                    mean["pinball"][low], mean["pinball"][up], self.levels[low], self.levels[up]
                ),
            )
            for k, (low, up) in enumerate(interval_pairs(self.levels))
        )


def _skill(rmse: float, reference: float) -> float | None:
    """1 - rmse / reference; None against a reference that makes no error, where no forecast has skill."""
    return 1 - rmse / reference if reference > 0 else None

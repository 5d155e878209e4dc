"""How far the truth stands outside the band, collected over the calibration part."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from stq.calibration._bands import Band, bands
from stq.calibration._conformal_calibration import ConformalCalibration
from stq.errors import DataError, NonFiniteError


class ConformityScores:
    """Split-conformal calibration of quantiles: `update` with every batch of the calibration part, then `fit`.

    Conformalized quantile regression, Romano, Patterson and Candès (2019), arXiv:1905.03222, equations 6 to 8. The
    conformity score of a cell is how far the truth y stands outside the band (negative inside),

        E = max(q_l - y, y - q_u)        one-sided: E = q_l - y or E = y - q_u

    and the correction of the band, for each horizon and variable, the ⌈(n + 1) coverage⌉-th smallest of the n scores,
    the largest where there are fewer. It is added outside on both sides, in units.

    Where we differ: the scores of all valid cells of all frames are pooled, and cells of one frame are not
    exchangeable; so the paper's promise does not carry over: cells of a frame that stand or fall together make the mean
    coverage less than the claim, much so with few frames (see `expected_coverage_range`). Hence `frames` is kept beside
    the cells. With area weights the quantile is the weighted one, so that the coverage
    that is scored is the coverage that was fitted. The correction is added, not multiplied with the width: it is
    defined for bands of no or negative width (independent heads that cross), and a narrow band in a few frames can't
    make it explode.
    """

    def __init__(
        self,
        variables: Sequence[str],
        horizons: Sequence[int],
        levels: Sequence[float],
        *,
        units: Sequence[str] | None = None,
    ) -> None:
        self.variables = tuple(variables)
        self.horizons = tuple(horizons)
        self.levels = tuple(levels)
        self.units = tuple(units) if units is not None else ("",) * len(self.variables)
        self.bands = bands(self.levels)
        self._scores: dict[tuple[int, int], list[Tensor]] = {
            (h, c): [] for h in range(len(self.horizons)) for c in range(len(self.variables))
        }
        self._weights: dict[tuple[int, int], list[Tensor]] = {at: [] for at in self._scores}
        self._issued: dict[tuple[int, int], set[int]] = {at: set() for at in self._scores}

    def update(
        self,
        *,
        quantiles: Float[Tensor, "B H Q C Y X"],
        truth: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        time: Int64[Tensor, " B"],
        weight: Float[Tensor, "B Y X"] | None = None,
    ) -> None:
        """Add one batch of raw quantiles and what came true, in units; `time` is when each forecast was issued."""
        quantiles, truth = quantiles.detach(), truth.detach()
        area = torch.ones_like(truth[:, 0, 0]) if weight is None else weight
        for (h, c), scores in self._scores.items():
            where = valid[:, h, c]
            y, edges = truth[:, h, c][where], quantiles[:, h, :, c].movedim(1, 0)[:, where]
            scores.append(_conformity(self.bands, edges, y).cpu())
            self._weights[h, c].append(area[where].cpu())
            self._issued[h, c] |= set(time[where.flatten(1).any(dim=1)].tolist())

    def fit(self) -> ConformalCalibration:
        """The calibration of everything seen.

        Raises DataError where a variable has no valid cell at a horizon, and NonFiniteError where a forecast isn't
        finite.
        """
        outward = torch.zeros(len(self.horizons), len(self.levels), len(self.variables), dtype=torch.float64)
        cells = torch.zeros(len(self.horizons), len(self.variables), dtype=torch.long)
        for (h, c), parts in self._scores.items():
            what = f"{self.variables[c]} at horizon {self.horizons[h]}"
            scores = torch.cat(parts, dim=1) if parts else torch.empty(len(self.bands), 0)
            cells[h, c] = n = scores.shape[1]
            if n == 0:
                raise DataError(f"nothing to calibrate on: not one valid cell of {what} in the calibration part")
            if not scores.isfinite().all():
                raise NonFiniteError(f"the forecast of {what} is not finite")
            weights = torch.cat(self._weights[h, c]).double()
            for band, values in zip(self.bands, scores, strict=True):
                for q in (band.lower, band.upper):
                    if q is not None:
                        outward[h, q, c] = conformal_quantile(values, weights, band.coverage)
        return ConformalCalibration(
            variables=self.variables,
            units=self.units,
            horizons=self.horizons,
            levels=self.levels,
            outward=tuple(tuple(tuple(row) for row in rows) for rows in outward.tolist()),
            cells=tuple(tuple(row) for row in cells.tolist()),
            frames=tuple(
                tuple(len(self._issued[h, c]) for c in range(len(self.variables))) for h in range(len(self.horizons))
            ),
        )


def _conformity(
    bands: Sequence[Band], quantiles: Float[Tensor, "Q n"], truth: Float[Tensor, " n"]
) -> Float[Tensor, "bands n"]:
    scores = truth.new_full((len(bands), len(truth)), -torch.inf)
    for score, band in zip(scores, bands, strict=True):
        if band.lower is not None:
            torch.maximum(score, quantiles[band.lower] - truth, out=score)
        if band.upper is not None:
            torch.maximum(score, truth - quantiles[band.upper], out=score)
    return scores


def conformal_quantile(scores: Float[Tensor, " n"], weights: Float[Tensor, " n"], coverage: float) -> float:
    """The ⌈(n + 1) coverage⌉-th smallest score, or the largest where n is too small for that.

    With weights: the least score at which the weights up to it reach (n + 1) / n · coverage of their sum.
    """
    n = len(scores)
    ordered, order = scores.sort()
    reached = (weights[order] * (n / weights.sum())).cumsum(0)
    rank = torch.searchsorted(reached, reached.new_tensor(coverage * (n + 1) - 1e-6))
    return ordered[min(int(rank), n - 1)].item()

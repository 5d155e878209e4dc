"""How far the truth stands outside the band, collected over the calibration part."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from stq.calibration._bands import bands
from stq.calibration._conformal_calibration import ConformalCalibration, Corrections, Form
from stq.calibration._quantile_sketch import CAPACITY
from stq.calibration._sample import Sample
from stq.errors import DataError, NonFiniteError, UsageError

_VALUES_IN_ALL = 2**23
"""Different values that all sketches together hold: 128 MB. No sketch holds fewer than 4096."""


class ConformityScores:
    """Split-conformal calibration of quantiles: `update` with every batch of the calibration part, then `fit`.

    Conformalized quantile regression, Romano, Patterson and Candès (2019), arXiv:1905.03222, equations 6 to 8. The
    conformity score of a cell is how far the truth y stands outside the band (negative inside),

        E = max(q_l - y, y - q_u)        one-sided: E = q_l - y or E = y - q_u

    and the correction of the band the ⌈(n + 1) coverage⌉-th smallest of the n scores, the largest where there are
    fewer. It is added outside on both sides, in units. A `multiplicative` score is E over the width of the band (of one
    side, over its distance from the centre), and the correction is multiplied by it, as in Kivaranovic, Johnson and
    Leeb (2020), arXiv:1905.10634. A width below `floors[variable]`, in units, counts as that: bands of no or negative
    width (independent heads that cross) would have no score, and narrow ones in a few frames make it explode.

    `by` says what has corrections of its own: horizon, variable, or both, and further the `groups`, such as seasons.
    Additive scores that are pooled over variables are pooled in normalised units, divided by `scales[variable]`.

    Where we differ: the scores of all valid cells of all frames are pooled, and cells of one frame are not
    exchangeable; so the paper's promise does not carry over: cells of a frame that stand or fall together make the mean
    coverage less than the claim, much so with few frames (see `expected_coverage_range`). Hence `frames`, the different
    times that the truth is of, are kept beside the cells. With area weights the quantile is the weighted one, so that
    the coverage that is scored is the coverage that was fitted. Scores are held in a `QuantileSketch`: a correction is
    exact up to thousands of different scores, and beyond that too large by less than the sketch's step.
    """

    def __init__(
        self,
        variables: Sequence[str],
        horizons: Sequence[int],
        levels: Sequence[float],
        *,
        units: Sequence[str] | None = None,
        by: Sequence[str] = ("horizon", "variable"),
        scores: Form = "additive",
        scales: Sequence[float] | None = None,
        floors: Sequence[float] | None = None,
        groups: Sequence[str] = (),
    ) -> None:
        self.variables = tuple(variables)
        self.horizons = tuple(horizons)
        self.levels = tuple(levels)
        self.units = tuple(units) if units is not None else ("",) * len(self.variables)
        self.by, self.form, self.groups = tuple(by), scores, tuple(groups)
        self.bands = bands(self.levels)
        count = len(self.variables)
        mixed = count > 1 and "variable" not in self.by and scores == "additive"
        if mixed and scales is None:
            raise UsageError("additive scores of several variables are pooled in normalised units: give their scales")
        self.scales = tuple(scales) if mixed and scales is not None else (1.0,) * count
        if scores == "multiplicative" and (floors is None or not min(floors) > 0):
            raise UsageError("multiplicative scores need a least width above 0 of each variable: give floors")
        self.floors = tuple(floors) if scores == "multiplicative" and floors is not None else ()
        self._keys = {self._key(h, c): (h, c) for h in range(len(self.horizons)) for c in range(count)}
        tables = max(1, len(self.bands)) * (1 + len(self.groups)) * len(self._keys)
        self._capacity = min(CAPACITY, max(4096, _VALUES_IN_ALL // tables))
        self._samples: dict[tuple[int, int, int], Sample] = {}

    def update(
        self,
        *,
        quantiles: Float[Tensor, "B H Q C Y X"],
        truth: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
        time: Int64[Tensor, " B"],
        weight: Float[Tensor, "B Y X"] | None = None,
        central: Float[Tensor, "B H C Y X"] | None = None,
        group: Int64[Tensor, "B H Y X"] | None = None,
    ) -> None:
        """Add one batch of raw quantiles and what came true, in units; `time` is when each forecast was issued.

        `group` is the index in `groups` of each target, -1 for none. `central` is the centre that multiplicative scores
        of a level without a mirror are taken from, where 0.5 is no level.

        Raises NonFiniteError where a forecast isn't finite.
        """
        quantiles, truth = quantiles.detach(), truth.detach()
        area = torch.ones_like(truth[:, 0, 0]) if weight is None else weight
        issued = time.to(area.device)[:, None, None].expand_as(valid[:, 0, 0])
        if 0.5 in self.levels:
            central = quantiles[:, :, self.levels.index(0.5)]
        for h, horizon in enumerate(self.horizons):
            for c in range(len(self.variables)):
                where = valid[:, h, c]
                edges = list(quantiles[:, h, :, c].movedim(1, 0)[:, where])
                centre = None if central is None else central.detach()[:, h, c][where]
                scores = torch.stack([*self._scores(c, edges, truth[:, h, c][where], centre), area[where]])
                if not scores.isfinite().all():
                    raise NonFiniteError(f"the forecast of {self._what(h, c)} is not finite")
                frames = issued[where] + horizon
                own = torch.full_like(frames, -1) if group is None else group[:, h][where]
                for g in torch.unique(own).tolist():
                    mine = own == g
                    *each, weights = scores[:, mine]
                    self._sample((*self._key(h, c), g)).add(each, weights, frames[mine])

    def merge(self, other: "ConformityScores") -> None:
        """Take in what another process, or another part of the data, collected under the same terms."""
        for key, sample in other._samples.items():
            self._sample(key).merge(sample)

    def fit(self) -> ConformalCalibration:
        """The calibration of everything seen; a group without a frame has the correction of all groups together.

        Raises DataError where a variable has no valid cell at a horizon.
        """
        whole = {}
        for key, at in self._keys.items():
            whole[key] = sample = Sample.empty(len(self.bands), self._capacity)
            for g in range(-1, len(self.groups)):
                if (*key, g) in self._samples:
                    sample.merge(self._samples[*key, g])
            if not sample.cells:
                raise DataError(f"nothing to calibrate on: not one valid cell of {self._what(*at)}")
        everything = {key: self._outward(sample) for key, sample in whole.items()}
        found = []
        for g in range(len(self.groups)):
            samples = {key: self._samples[*key, g] for key in whole if (*key, g) in self._samples}
            own = {key: self._outward(samples[key]) if key in samples else everything[key] for key in whole}
            found.append(self._corrections(own, samples))
        together = self._corrections(everything, whole)
        return ConformalCalibration(
            variables=self.variables,
            units=self.units,
            horizons=self.horizons,
            levels=self.levels,
            outward=together.outward,
            cells=together.cells,
            frames=together.frames,
            by=self.by,
            scores=self.form,
            floors=self.floors,
            groups=self.groups,
            grouped=tuple(found),
        )

    def _scores(self, c: int, edges: Sequence[Tensor], truth: Tensor, centre: Tensor | None) -> list[Tensor]:
        found = []
        for band in self.bands:
            score = band.conformity(edges, truth)
            if self.floors:
                score = score / band.width(edges, centre).clamp(min=self.floors[c])
            found.append(score / self.scales[c])
        return found

    def _outward(self, sample: Sample) -> list[float]:
        moves = [0.0] * len(self.levels)
        for band, sketch in zip(self.bands, sample.sketches, strict=True):
            for q in (band.lower, band.upper):
                if q is not None:
                    moves[q] = sketch.conformal(band.coverage)
        return moves

    def _corrections(
        self, outward: Mapping[tuple[int, int], list[float]], samples: Mapping[tuple[int, int], Sample]
    ) -> Corrections:
        """The same numbers by horizon and variable, whatever they were pooled over."""
        horizons, variables = range(len(self.horizons)), range(len(self.variables))
        none = Sample(())
        found = [[samples.get(self._key(h, c), none) for c in variables] for h in horizons]
        return Corrections(
            outward=tuple(
                tuple(
                    tuple(outward[self._key(h, c)][q] * self.scales[c] for c in variables)
                    for q in range(len(self.levels))
                )
                for h in horizons
            ),
            cells=tuple(tuple(sample.cells for sample in row) for row in found),
            frames=tuple(tuple(len(sample.frames) for sample in row) for row in found),
        )

    def _key(self, h: int, c: int) -> tuple[int, int]:
        return (h if "horizon" in self.by else 0, c if "variable" in self.by else 0)

    def _sample(self, key: tuple[int, int, int]) -> Sample:
        if key not in self._samples:
            self._samples[key] = Sample.empty(len(self.bands), self._capacity)
        return self._samples[key]

    def _what(self, h: int, c: int) -> str:
        name = self.variables[c] if "variable" in self.by else "any variable"
        return f"{name} at horizon {self.horizons[h]}" if "horizon" in self.by else f"{name} at any horizon"

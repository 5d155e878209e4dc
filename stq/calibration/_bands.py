"""Which quantile levels are calibrated together, and how wide such a band is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Band:
    """A side or both of an interval: indices of its levels, and the coverage that they claim."""

    lower: int | None
    upper: int | None
    coverage: float

    def conformity(self, quantiles: Sequence[Tensor], truth: Tensor) -> Tensor:
        """How far the truth stands outside, negative inside: max(q_l - y, y - q_u), or the one side that there is."""
        outside = [quantiles[self.lower] - truth] if self.lower is not None else []
        outside += [truth - quantiles[self.upper]] if self.upper is not None else []
        return outside[0] if len(outside) == 1 else torch.maximum(*outside)

    def width(self, quantiles: Sequence[Tensor], centre: Tensor | None) -> Tensor:
        """From the lower quantile to the upper; of one side, from the centre."""
        ends = [centre if q is None else quantiles[q] for q in (self.lower, self.upper)]
        assert ends[0] is not None  # for the type checker: who asks for one side has a centre
        assert ends[1] is not None
        return ends[1] - ends[0]


def bands(levels: Sequence[float]) -> tuple[Band, ...]:
    """Each level but the median in one band: with its mirror partner 1 - level if that is there, else one-sided."""
    found: list[Band] = []
    paired: set[int] = set()
    for i, low in enumerate(levels):
        if low >= 0.5:
            continue
        partner = next((j for j, up in enumerate(levels) if math.isclose(low + up, 1.0)), None)
        found.append(Band(i, partner, 1 - low if partner is None else levels[partner] - low))
        paired |= {i} if partner is None else {i, partner}
    found += [Band(None, j, up) for j, up in enumerate(levels) if up > 0.5 and j not in paired]
    return tuple(found)

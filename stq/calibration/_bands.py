"""Which quantile levels are calibrated together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A side or both of an interval: indices of its levels, and the coverage that they claim."""

    lower: int | None
    upper: int | None
    coverage: float


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

"""Does a wider band mean a larger error? Streamed, in bins of equal numbers of cells."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from stq.app.report_data._report_data import WidthBin, WidthCurve

BINS = 10
_PER_OCTAVE = 32
_OCTAVES = 128  # either side of 1: all of single precision
_FINE = 2 * _OCTAVES * _PER_OCTAVE


class WidthErrors:
    """Sums by fine bins of the width's logarithm, which `curves` merges into `BINS` of about equal size."""

    def __init__(self, variables: Sequence[str], units: Sequence[str], horizons: Sequence[int]) -> None:
        self.variables = tuple(variables)
        self.units = tuple(units)
        self.horizons = tuple(horizons)
        self._sums = np.zeros((len(self.horizons), len(self.variables), 3, _FINE))

    def update(
        self,
        width: Float[Tensor, "B H C Y X"],
        error: Float[Tensor, "B H C Y X"],
        valid: Bool[Tensor, "B H C Y X"],
    ) -> None:
        """Add a batch, in units."""
        for h in range(len(self.horizons)):
            for c in range(len(self.variables)):
                known = valid[:, h, c].numpy()
                wide = width[:, h, c].double().numpy()[known]
                square = error[:, h, c].double().numpy()[known] ** 2
                at = np.floor(_PER_OCTAVE * (np.log2(np.maximum(wide, 2.0**-_OCTAVES)) + _OCTAVES)).astype(np.int64)
                at = np.clip(at, 0, _FINE - 1)
                for row, values in enumerate((np.ones_like(wide), wide, square)):
                    self._sums[h, c, row] += np.bincount(at, weights=values, minlength=_FINE)

    def curves(self, band: tuple[float, float]) -> tuple[WidthCurve, ...]:
        """One a variable and horizon, variables first. `band` are the levels that the width lies between."""
        deviations = NormalDist().inv_cdf(band[1]) - NormalDist().inv_cdf(band[0])
        return tuple(
            WidthCurve(variable, horizon, self.units[c], tuple(_merged(self._sums[h, c], deviations)))
            for c, variable in enumerate(self.variables)
            for h, horizon in enumerate(self.horizons)
        )


def _merged(sums: Float[np.ndarray, "3 N"], deviations: float) -> list[WidthBin]:
    cells = sums[0]
    total = cells.sum()
    if not total:
        return []
    middle = (np.cumsum(cells) - cells / 2) / total
    group = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    merged = np.stack([np.bincount(group, weights=row, minlength=BINS) for row in sums])
    return [
        WidthBin(int(n), float(wide / n), float((square / n) ** 0.5), float(wide / n / deviations))
        for n, wide, square in merged.T
        if n > 0
    ]

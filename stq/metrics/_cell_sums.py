"""Every sum over cells that the scores are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float64
from torch import Tensor

from stq.metrics._band_sums import baseline_sums, forecast_band_sums
from stq.metrics._baseline_forecast import BaselineForecast
from stq.metrics._central_sums import SumsByName, central_sums, similarity_sums
from stq.metrics._event_sums import event_sums
from stq.metrics._quantile_scores import interval_pairs
from stq.metrics._scored_batch import ScoredBatch, ScoredPiece
from stq.metrics._spectrum import spectrum_sums, wavenumbers
from stq.metrics._strata_sums import strata_sums
from stq.metrics._sums import Layout


@dataclass(frozen=True)
class CellSums:
    """What is summed, and the columns that it takes."""

    variables: int
    levels: tuple[float, ...]
    anomaly_range: tuple[Float64[Tensor, " C"], Float64[Tensor, " C"]] | None
    thresholds: Float64[Tensor, "E C"]
    neighbourhoods: Sequence[int]
    size: tuple[int, int] | None
    """Rows and columns, for the spectrum; None: no spectrum."""
    baselines: Sequence[str] = ()
    strata: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, piece: ScoredPiece) -> SumsByName:
        """The sums of one piece, by name."""
        sums = central_sums(piece)
        if self.anomaly_range is not None:
            minimum, maximum = (bound.to(piece.truth.device) for bound in self.anomaly_range)
            sums |= similarity_sums(piece, minimum, maximum - minimum)
        if self.levels:
            sums |= forecast_band_sums(piece, self.levels)
        if self.size is not None and wavenumbers(self.size):
            sums |= spectrum_sums(piece)
        if len(self.thresholds):
            sums |= event_sums(piece, self.thresholds.to(piece.truth.device), self.neighbourhoods)
        for name in self.baselines:
            sums |= baseline_sums(piece, name, self.levels)
        outermost = next(iter(interval_pairs(self.levels)), None)
        for kind, names in self.strata.items():
            sums |= strata_sums(piece, kind, len(names), outermost)
        return sums

    def layout(self) -> Layout:
        """Found by a trial on a field with nothing valid."""
        size = self.size or (1, 1)
        blank = torch.zeros(1, 1, self.variables, *size)
        band = torch.zeros(1, 1, len(self.levels), self.variables, *size) if self.levels else None
        batch = ScoredBatch(
            central=blank,
            truth=blank,
            valid=blank > 0,
            persistence=blank,
            climatology=blank,
            time=torch.zeros(1, dtype=torch.int64),
            quantiles=band,
            baselines={name: BaselineForecast(blank) for name in self.baselines},
            strata={kind: torch.full((1, 1, *size), -1) for kind in self.strata},
        )
        (piece,) = batch.pieces(slice(None))
        return Layout({name: value.shape[1] for name, value in self.of(piece).items()})

    def frame_columns(self) -> tuple[str, ...]:
        """The sums that are kept for every frame: of the scores that get an interval, and whether a stratum is there.

        Of `inside` the first column is that of the outermost pair.
        """
        squares = ("square", "square_persistence", "square_climatology")
        others = (f"{name}.square" for name in self.baselines)
        return ("n", "weight", *squares, "inside", "pinball", *others, *(f"{kind}.n" for kind in self.strata))

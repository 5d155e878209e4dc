"""The light scores' sums, apart for each stratum."""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from stq.metrics._central_sums import SumsByName
from stq.metrics._scored_batch import Band, ScoredPiece


def strata_sums(piece: ScoredPiece, kind: str, count: int, outermost: tuple[int, int] | None) -> SumsByName:
    """Sums as of `central_sums` and, of the outermost pair of levels, of `band_sums`; K goes over the strata.

    Their names begin with that of the kind of stratum. A cell of index -1 is in none.
    """
    index = piece.strata[kind]
    w, y = piece.weight, piece.truth
    error = piece.central - y
    values = {
        "n": piece.valid.double(),
        "weight": w,
        "error": w * error,
        "square": w * error.square(),
        "square_persistence": w * (piece.persistence - y).square(),
        "square_climatology": w * (piece.climatology - y).square(),
    }
    if outermost is not None:
        for suffix, band in (("", piece.band), ("_raw", piece.band_raw)):
            values |= {f"{name}{suffix}": w * value for name, value in _band(y, band, outermost).items()}
    return {f"{kind}.{name}": by_stratum(value, index, count) for name, value in values.items()}


def _band(truth: Tensor, band: Band | None, pair: tuple[int, int]) -> dict[str, Tensor]:
    assert band is not None  # for the type checker: there are levels
    low, up = (band.level(q) for q in pair)
    return {"inside": ((low <= truth) & (truth <= up)).double(), "width": up - low}


def by_stratum(
    values: Float64[Tensor, "B C Y X"], index: Int64[Tensor, "B Y X"], count: int
) -> Float64[Tensor, "B K C"]:
    """The sum of values over the cells of each stratum."""
    samples, variables = values.shape[:2]
    sums = values.new_zeros(samples, variables, count + 1)  # the last for cells in none
    where = torch.where(index < 0, count, index).unsqueeze(1).expand_as(values).flatten(-2)
    return sums.scatter_add(-1, where, values.flatten(-2))[..., :count].transpose(1, 2)

"""Sums over cells of the central forecast's errors."""

from jaxtyping import Float64
from torch import Tensor

from stq.metrics._scored_batch import ScoredPiece
from stq.metrics._structural_similarity import structural_similarity

SumsByName = dict[str, Float64[Tensor, "B _ C"]]
"""Sums by name, each of some columns."""


def over_cells(values: Float64[Tensor, "B C Y X"], weight: Float64[Tensor, "B C Y X"]) -> Float64[Tensor, "B 1 C"]:
    """Σ w v over the cells of each sample."""
    return (values * weight).sum(dim=(-2, -1)).unsqueeze(1)


def central_sums(piece: ScoredPiece) -> SumsByName:
    """With f the forecast, y the truth and c the climatology of a valid cell of weight w, by sample and variable:

    `n` Σ 1, `weight` Σ w, `error` Σ w (f - y), `absolute` Σ w |f - y|, `square` Σ w (f - y)², the same for the two
    reference forecasts, and of the anomalies f - c and y - c `product` Σ w (f - c)(y - c), `anomaly` Σ w (f - c)².
    """
    w, truth = piece.weight, piece.truth
    error = piece.central - truth
    anomaly = piece.central - piece.climatology
    normal_error = piece.climatology - truth
    valid = piece.valid.double()
    return {
        "n": valid.sum(dim=(-2, -1)).unsqueeze(1),
        "weight": w.sum(dim=(-2, -1)).unsqueeze(1),
        "error": over_cells(error, w),
        "absolute": over_cells(error.abs(), w),
        "square": over_cells(error.square(), w),
        "square_persistence": over_cells((piece.persistence - truth).square(), w),
        "square_climatology": over_cells(normal_error.square(), w),
        "product": over_cells(-anomaly * normal_error, w),
        "anomaly": over_cells(anomaly.square(), w),
    }


def similarity_sums(piece: ScoredPiece, minimum: Float64[Tensor, " C"], span: Float64[Tensor, " C"]) -> SumsByName:
    """SSIM of the anomalies, over cells whose window is whole: its weighted sum, and the weight."""
    anomalies = (field - piece.climatology for field in (piece.central, piece.truth))
    forecast, truth = (field.unsqueeze(1) for field in anomalies)
    similarity, whole = structural_similarity(forecast, truth, piece.valid.unsqueeze(1), minimum, span)
    weight = piece.weight * whole.squeeze(1)
    return {
        "ssim": over_cells(similarity.squeeze(1), weight),
        "ssim_weight": weight.sum(dim=(-2, -1)).unsqueeze(1),
    }

"""Sums over cells that say how good a set of quantiles is."""

from collections.abc import Sequence

import torch
from jaxtyping import Float64
from torch import Tensor

from stq.metrics._central_sums import SumsByName, over_cells
from stq.metrics._quantile_scores import interval_pairs
from stq.metrics._scored_batch import Band, ScoredPiece


def band_sums(piece: ScoredPiece, band: Band, levels: Sequence[float]) -> SumsByName:
    """With y the truth and q_τ the quantile of level τ at a valid cell of weight w, by sample and variable:

    `pinball` Σ w ρ_τ(y - q_τ) and `below` Σ w 1{y <= q_τ} by level; `rank` Σ w 1{k quantiles are below y} for
    k = 0 ... Q; `inside` Σ w 1{q_l <= y <= q_u} and `width` Σ w (q_u - q_l) by pair of levels, the outermost first;
    `crossing` Σ 1{some quantile is less than that of the next lower level}, without weights.
    """
    y, w = piece.truth, piece.weight
    pairs = interval_pairs(levels)
    pinball, below, lower, inside, width = [], [], {}, {}, {}
    rank = torch.zeros_like(y)
    crossing = torch.zeros_like(piece.valid)
    former = None
    for index, level in enumerate(levels):
        q = band.level(index)
        error = y - q
        pinball.append(over_cells(torch.maximum(level * error, (level - 1) * error), w))
        below.append(over_cells((y <= q).double(), w))
        rank += q < y
        if former is not None:
            crossing |= q < former
        former = q
        for pair, (low, up) in enumerate(pairs):
            if index == low:
                lower[pair] = q
            elif index == up:
                q_low = lower.pop(pair)
                inside[pair] = over_cells(((q_low <= y) & (y <= q)).double(), w)
                width[pair] = over_cells(q - q_low, w)
    counted = [over_cells((rank == k).double(), w) for k in range(len(levels) + 1)]
    return {
        "pinball": stacked(pinball, y),
        "below": stacked(below, y),
        "rank": stacked(counted, y),
        "inside": stacked([inside[pair] for pair in range(len(pairs))], y),
        "width": stacked([width[pair] for pair in range(len(pairs))], y),
        "crossing": over_cells(crossing.double(), piece.valid.double()),
    }


def stacked(sums: Sequence[Float64[Tensor, "B 1 C"]], like: Float64[Tensor, "B C Y X"]) -> Float64[Tensor, "B K C"]:
    """Sums one behind the other on the K axis, which may be empty."""
    return torch.cat([like.new_zeros(like.shape[0], 0, like.shape[1]), *sums], dim=1)


def forecast_band_sums(piece: ScoredPiece, levels: Sequence[float]) -> SumsByName:
    """Those of the forecast's quantiles, and under names that end in `_raw` those before calibration."""
    if piece.band is None or piece.band_raw is None:
        raise ValueError("quantile levels were announced, and no quantiles were given")
    sums = band_sums(piece, piece.band, levels)
    raw = sums if piece.band_raw is piece.band else band_sums(piece, piece.band_raw, levels)
    return sums | {f"{name}_raw": value for name, value in raw.items() if name not in ("pinball", "rank")}


def baseline_sums(piece: ScoredPiece, name: str, levels: Sequence[float]) -> SumsByName:
    """Those of a baseline, under names that begin with its own; `banded` is the weight of the cells with a band."""
    central, band = piece.baselines[name]
    error = central - piece.truth
    sums = {"square": over_cells(error.square(), piece.weight), "absolute": over_cells(error.abs(), piece.weight)}
    scored = band_sums(piece, band, levels) if levels and band is not None else None
    width = len(interval_pairs(levels))
    samples, variables = error.shape[:2]
    for part, size in (("pinball", len(levels)), ("inside", width), ("width", width)):
        sums[part] = error.new_zeros(samples, size, variables) if scored is None else scored[part]
    weight = piece.weight.sum(dim=(-2, -1)).unsqueeze(1)
    sums["banded"] = torch.zeros_like(weight) if scored is None else weight
    return {f"{name}.{part}": value for part, value in sums.items()}

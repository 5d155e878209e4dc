"""Events, values at or above a threshold: cell by cell, and as fractions of neighbourhoods."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import pad

from stq.metrics._band_sums import stacked
from stq.metrics._central_sums import SumsByName, over_cells
from stq.metrics._scored_batch import ScoredPiece


def event_sums(piece: ScoredPiece, thresholds: Float64[Tensor, "E C"], neighbourhoods: Sequence[int]) -> SumsByName:
    """With f and y whether forecast and truth reach the threshold, at valid cells of weight w, by threshold:

    `hits` Σ w f y and `either` Σ w max(f, y), of which hits / either is the critical success index; and with the
    fractions F and O of cells with an event in every n by n neighbourhood within the field, weighted by the mean area
    of its cells, `fss_difference` Σ w (F - O)² and `fss_reference` Σ w (F² + O²), by threshold and then by n.

    A cell without a truth has no event in either. A threshold of NaN, which stands where a variable has fewer than
    others, is never reached.
    """
    hits, either, difference, reference = [], [], [], []
    for threshold in thresholds:
        limit = threshold[:, None, None]
        f, y = ((field >= limit) & piece.valid for field in (piece.central, piece.truth))
        hits.append(over_cells((f & y).double(), piece.weight))
        either.append(over_cells((f | y).double(), piece.weight))
        for n in neighbourhoods:
            forecast, observed = (means_over_windows(event.double(), n) for event in (f, y))
            weight = means_over_windows(piece.area, n).expand_as(forecast)
            difference.append(over_cells((forecast - observed).square(), weight))
            reference.append(over_cells(forecast.square() + observed.square(), weight))
    sums = {"hits": hits, "either": either, "fss_difference": difference, "fss_reference": reference}
    return {name: stacked(values, piece.truth) for name, values in sums.items()}


def means_over_windows(field: Float64[Tensor, "B C Y X"], n: int) -> Float64[Tensor, "B C y x"]:
    """The mean of every window of n by n cells within the field, by a summed-area table; none where n is too large."""
    table = pad(field, (1, 0, 1, 0)).cumsum(dim=-1).cumsum(dim=-2)
    if n > min(field.shape[-2:]):
        return field.new_zeros(*field.shape[:-2], 0, 0)
    sums = table[..., n:, n:] - table[..., :-n, n:] - table[..., n:, :-n] + table[..., :-n, :-n]
    return sums / n**2


def threshold_table(variables: Sequence[str], thresholds: Mapping[str, Sequence[float]]) -> Float64[Tensor, "E C"]:
    """Thresholds by variable, as many rows as the longest list has, NaN below a shorter one."""
    rows = max((len(values) for values in thresholds.values()), default=0)
    lists = [[*thresholds.get(name, ()), *[torch.nan] * rows][:rows] for name in variables]
    return torch.tensor(lists, dtype=torch.float64).reshape(len(variables), rows).T

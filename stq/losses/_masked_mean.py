"""The mean over the cells that count."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def masked_mean(
    values: Float[Tensor, "*shape"],
    valid: Bool[Tensor, "*shape"],
    weight: Float[Tensor, "B Y X"] | None = None,
) -> Float[Tensor, ""]:
    """Mean of `values` where `valid`, each cell counted by its `weight`: sum(w v x) / sum(w v).

    The first axis of `values` is B and the last two are Y X; the weight is the same along those between. What stands
    in `values` where not valid, NaN included, reaches neither the mean nor its gradient with respect to `values`.
    (Mask before arithmetic whose derivative is not finite there: 0 times NaN is NaN.) Without a valid cell the mean
    is a 0 that still has a graph. Half-precision values are summed in float32.
    """
    kept = torch.where(valid, values, 0.0)
    kept = kept.to(torch.promote_types(kept.dtype, torch.float32))
    share = valid.to(kept.dtype)
    if weight is not None:
        between = [1] * (values.ndim - 3)
        share = share * weight.reshape(weight.shape[0], *between, *weight.shape[1:])
    total = share.sum()
    return (share * kept).sum() / torch.where(total > 0, total, 1.0)

"""How much each cell counts."""

import torch
from jaxtyping import Float
from torch import Tensor

from stq.tensors import Target


def share_of_cells(target: Target) -> Float[Tensor, "B H C Y X"]:
    """Area weight of each valid cell, 0 where not valid; at least float32, so that sums of it keep their digits."""
    share = target.valid.to(torch.promote_types(target.values.dtype, torch.float32))
    return share if target.weight is None else share * target.weight[:, None, None]

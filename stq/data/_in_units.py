"""The one crossing from normalised values to units."""

import torch
from jaxtyping import Float
from torch import Tensor

from stq.data._statistics import Statistics
from stq.data._transform import back_to_units


def in_units(
    statistics: Statistics, z: Float[Tensor, "B H *Q C Y X"], offset: Float[Tensor, "B H C Y X"]
) -> Float[Tensor, "B H *Q C Y X"]:
    """`offset + scale * z`, and back through the transform, for the targets. Half precision comes out in single."""
    count = len(statistics.targets)
    wide = z.to(torch.promote_types(z.dtype, torch.float32))
    scale = torch.from_numpy(statistics.scale[:count]).to(wide)[:, None, None]
    start = offset.to(wide)
    even = (start.unsqueeze(2) if z.ndim == 6 else start) + scale * wide
    return back_to_units(even, statistics.transforms[:count])

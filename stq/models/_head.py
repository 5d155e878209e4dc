"""A head: from the last hidden state to maps of a forecast."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

PACE = 10.0
"""How many times faster than other weights a head learns its share of the last frame.

It is one number for a whole map and starts far from where it belongs at long horizons: at the pace of the others it
would be on its way still when a short series begins to overfit.
"""


class Head(nn.Module):
    """A hidden convolution and a 1 x 1 convolution; without `hidden`, the 1 x 1 convolution alone.

    The hidden convolution is what a quantile head needs to find features of its own where routing keeps it from
    bending the backbone's.

    With `residual` the maps are changes from the last known frame. Each map has a share of that frame, 1 at first and
    learned: with a change of zero and a share below 1 that is damped persistence (Van den Dool 2007, "Empirical Methods
    in Short-Term Climate Prediction"), which is hard to beat in anomalies and which features of limited range express
    badly.
    """

    def __init__(self, features: int, outputs: int, hidden: int | None, kernel: int, *, residual: bool = False) -> None:
        super().__init__()
        self.hidden: nn.Module = (
            nn.Identity()
            if hidden is None
            else nn.Sequential(nn.Conv2d(features, hidden, kernel, padding=kernel // 2), nn.SiLU())
        )
        self.output = nn.Conv2d(features if hidden is None else hidden, outputs, 1)
        self.share = nn.Parameter(torch.full((outputs, 1, 1), 1 / PACE)) if residual else None

    def forward(self, features: Float[Tensor, "B F Y X"], base: Float[Tensor, "B C Y X"]) -> Float[Tensor, "B L C Y X"]:
        """Maps of the C variables of `base` at as many levels as the outputs are for; `base` is the last frame."""
        maps: Tensor = self.output(self.hidden(features))
        maps = maps.view(len(maps), -1, *base.shape[1:])
        if self.share is None:
            return maps
        share = PACE * self.share.view(-1, base.shape[1], 1, 1)
        return maps + share * base.unsqueeze(1)

    def start_at(self, values: Sequence[float]) -> None:
        """Set the constant part of each output map. The weights keep their random start: a head never is zero."""
        with torch.no_grad():
            self.output.get_parameter("bias").copy_(torch.tensor(values))

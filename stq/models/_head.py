"""A head: from the last hidden state to maps of a forecast."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Head(nn.Module):
    """A hidden convolution and a 1 x 1 convolution; without `hidden`, the 1 x 1 convolution alone.

    The hidden convolution is what a quantile head needs to find features of its own where routing keeps it from
    bending the backbone's.

    With `share` the maps are changes from that share of the last known frame, one number for each variable. A share of
    1 is persistence, a share below 1 damped persistence (Van den Dool 2007, "Empirical Methods in Short-Term Climate
    Prediction"), which is hard to beat in anomalies and which features of limited range express badly. It is a buffer:
    fitted to the training part beforehand, not learned.
    """

    share: Tensor | None

    def __init__(
        self,
        features: int,
        outputs: int,
        hidden: int | None,
        kernel: int,
        *,
        share: Float[Tensor, " C"] | None = None,
    ) -> None:
        super().__init__()
        self.hidden: nn.Module = (
            nn.Identity()
            if hidden is None
            else nn.Sequential(nn.Conv2d(features, hidden, kernel, padding=kernel // 2), nn.SiLU())
        )
        self.output = nn.Conv2d(features if hidden is None else hidden, outputs, 1)
        self.register_buffer("share", None if share is None else share.detach().clone().float())

    def forward(self, features: Float[Tensor, "B F Y X"], base: Float[Tensor, "B C Y X"]) -> Float[Tensor, "B L C Y X"]:
        """Maps of the C variables of `base` at as many levels as the outputs are for; `base` is the last frame."""
        maps: Tensor = self.output(self.hidden(features))
        maps = maps.view(maps.shape[0], -1, *base.shape[1:])  # not len(): a traced graph would know one size
        if self.share is None:
            return maps
        return maps + (self.share[:, None, None] * base).unsqueeze(1)

    def start_at(self, values: Sequence[float]) -> None:
        """Set the constant part of each output map. The weights keep their random start: a head never is zero."""
        with torch.no_grad():
            self.output.get_parameter("bias").copy_(torch.tensor(values))

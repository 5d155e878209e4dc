"""A head: from the last hidden state to maps of a forecast."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Head(nn.Module):
    """A hidden convolution and a 1 x 1 convolution; without `hidden`, the 1 x 1 convolution alone.

    The hidden convolution is what a quantile head needs to find features of its own where routing keeps it from
    bending the backbone's.
    """

    def __init__(self, features: int, outputs: int, hidden: int | None, kernel: int) -> None:
        super().__init__()
        self.hidden: nn.Module = (
            nn.Identity()
            if hidden is None
            else nn.Sequential(nn.Conv2d(features, hidden, kernel, padding=kernel // 2), nn.SiLU())
        )
        self.output = nn.Conv2d(features if hidden is None else hidden, outputs, 1)

    def forward(self, features: Float[Tensor, "B F Y X"]) -> Float[Tensor, "B outputs Y X"]:
        """The maps."""
        maps: Tensor = self.output(self.hidden(features))
        return maps

    def start_at(self, values: Sequence[float]) -> None:
        """Set the constant part of each output map. The weights keep their random start: a head never is zero."""
        with torch.no_grad():
            self.output.get_parameter("bias").copy_(torch.tensor(values))

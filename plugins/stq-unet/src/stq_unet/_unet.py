"""The backbone; heads, groups and quantiles are stq's own."""

from itertools import pairwise
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from stq.models import ConvLSTM, HeadedForecaster, ModelContext


class UNet(HeadedForecaster):
    """A U-Net whose scales remember: at each of them a convolutional LSTM reads the whole history.

    Every frame passes the encoder, blocks of two convolutions with a max-pooling by 2 between them. At each of the
    `depth` + 1 scales a ConvLSTM turns the frames into one map, which takes the place of the skip connection; the
    decoder goes up from the coarsest by bilinear interpolation and a block. Ronneberger et al. 2015, "U-Net",
    arXiv:1505.04597; Shi et al. 2015, "Convolutional LSTM Network", arXiv:1506.04214. We differ in the memory at each
    scale, in padding that keeps the size, and in group normalisation: statistics of a batch would be moved by every
    loss, whatever the routing says.

    Fields whose sides 2^`depth` does not divide are padded by their own edge, below and to the right, and the features
    cut again. Cells without data come as stq gives them to any model: filled, with a channel that says so.
    """

    name: ClassVar[str] = "unet"

    def __init__(
        self,
        context: ModelContext,
        width: Annotated[int, Field(ge=1, description="channels at the finest scale, doubled with each below")] = 16,
        depth: Annotated[int, Field(ge=1, le=6, description="how many times the field is halved")] = 2,
        dropout: Annotated[float, Field(ge=0, lt=1, description="share of channels dropped in training")] = 0.2,
    ) -> None:
        super().__init__(context)
        widths = [width * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(Block(a, b) for a, b in pairwise([context.channels, *widths]))
        self.memory = nn.ModuleList(ConvLSTM(each, [each], kernel=3, dropout=dropout) for each in widths)
        self.decoder = nn.ModuleList(Block(below + here, here) for here, below in pairwise(widths))
        self.add_heads(width)

    def features(self, inputs: Float[Tensor, "B T K Y X"]) -> Float[Tensor, "B F Y X"]:
        """Maps of the finest scale, of the size of the inputs."""
        samples, steps, _, rows, columns = inputs.shape
        frames = padded(inputs.flatten(0, 1), 2 ** len(self.decoder))
        remembered = []
        for level, (block, memory) in enumerate(zip(self.encoder, self.memory, strict=True)):
            frames = block(F.max_pool2d(frames, 2) if level else frames)
            remembered.append(memory(frames.unflatten(0, (samples, steps))))
        maps: Tensor = remembered.pop()
        for block in reversed(self.decoder):
            here = remembered.pop()
            finer = F.interpolate(maps, size=here.shape[-2:], mode="bilinear", align_corners=False)
            maps = block(torch.cat([finer, here], dim=1))
        return maps[..., :rows, :columns]


class Block(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised over all of a sample's channels and cells."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.GroupNorm(1, outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.GroupNorm(1, outputs),
            nn.SiLU(),
        )


def padded(frames: Float[Tensor, "N K Y X"], multiple: int) -> Float[Tensor, "N K Y_ X_"]:
    """The frames with their last row and column repeated until the sides are multiples of `multiple`."""
    below, right = (-side % multiple for side in frames.shape[-2:])
    return F.pad(frames, (0, right, 0, below), mode="replicate")

"""The network."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from stq.spec._section import Mistake, Section, refuse
from stq.spec._types import Count, CountOrNull, Flag, ListOf, OneOf, Share


class HeadsSpec(Section):
    """The heads, of which every horizon has its own."""

    hidden: CountOrNull = 16
    """Channels of the hidden convolution in every head; null for none, a single 1 x 1 convolution. Isolated quantile
    heads need one. Default 16."""


class LocationSpec(Section):
    """An encoder of latitude and longitude whose output joins the last hidden state."""

    degree: Count = 8
    """Highest degree of the spherical harmonics; default 8."""


class ModelSpec(Section):
    """The network that reads a window and forecasts every horizon."""

    name: Annotated[Literal["convlstm"], OneOf()] = "convlstm"
    """Kind of network; default convlstm, the only one."""
    hidden: Annotated[ListOf[Count], Field(min_length=1)] = (24,)
    """Hidden channels of each ConvLSTM layer; default [24], one layer."""
    kernel: Count = 3
    """Side of the convolutions in cells, odd; default 3."""
    dropout: Share = 0.2
    """Share of channels that are dropped in training, in the backbone and the central heads; default 0.2."""
    heads: HeadsSpec = HeadsSpec()
    """Settings of the heads, {hidden}; default {hidden: 16}."""
    residual: Flag = True
    """Whether the central heads predict the change from the last frame, damped by the share of it that persists in the
    training part; default true."""
    location: LocationSpec | None = None
    """Location encoder, {degree}, for data with latitude and longitude; default null, none."""
    checkpoint_activations: Flag = False
    """Whether the ConvLSTM keeps only its states and computes all else again for the backward pass: the same bits in
    less memory and more time. Default false."""
    compile: Flag = False
    """Whether training compiles the cells of the ConvLSTM (torch.compile); the weights then differ in rounding from
    those of training without. Needs a C++ compiler on a CPU, triton on a GPU. Default false."""

    @field_validator("kernel")
    @classmethod
    def _kernel_is_odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            refuse(Mistake(f"expected an odd number, found {kernel}", hint=f"{kernel - 1} or {kernel + 1}"))
        return kernel

"""The network."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import (
    Field,
    field_validator,
    model_serializer,
    model_validator,
)

from stq.spec._frozen_dict import FrozenDict
from stq.spec._option import Options, with_options
from stq.spec._section import Mistake, Section, Surroundings, refuse
from stq.spec._types import Count, CountOrNull, Flag, ListOf, Name, Share

CONVLSTM = "convlstm"
OF_EVERY_MODEL = ("name", "heads", "residual", "location", "compile", "options")
"""The keys that say what stq needs to know of any model; all others are options of one."""


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
    """The network that reads a window and forecasts every horizon.

    Where `name` is a plugin's, the keys beside it, `heads`, `residual`, `location` and `compile` are its own options
    and are gathered in `options`; those of the ConvLSTM are fields here.
    """

    name: Name = CONVLSTM
    """Kind of network: convlstm, or a model of a plugin, whose own options then stand beside it; default convlstm."""
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
    """Whether training compiles the cells of the ConvLSTM (torch.compile), or what another model says can be; the
    weights then differ in rounding from those of training without. Needs a C++ compiler on a CPU, triton on a GPU.
    Default false."""
    options: Options = FrozenDict()
    """Options of a plugin's model, written beside `name`; default the plugin's own."""

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, value: object) -> object:
        """Only beside the name of another model: unknown keys of the ConvLSTM stay mistakes."""
        if not isinstance(value, Mapping) or value.get("name", CONVLSTM) == CONVLSTM:
            return value
        return with_options(value, OF_EVERY_MODEL)

    @field_validator("kernel")
    @classmethod
    def _kernel_is_odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            refuse(Mistake(f"expected an odd number, found {kernel}", hint=f"{kernel - 1} or {kernel + 1}"))
        return kernel

    @field_validator("options")
    @classmethod
    def _none_for_the_convlstm(cls, options: Mapping[str, object], around: Surroundings) -> Mapping[str, object]:
        if options and around.data.get("name", CONVLSTM) == CONVLSTM:
            refuse(Mistake('unknown key "options" under model', hint="its options stand in `model` itself", on="key"))
        return options

    @model_serializer(mode="wrap")
    def _serialised(self, serialise: Callable[[object], dict[str, object]]) -> dict[str, object]:
        """The fields of the ConvLSTM would be read back as options of another model."""
        kept = (*self.own_keys(), "options")
        return {key: value for key, value in serialise(self).items() if key in kept}

    def own_keys(self) -> tuple[str, ...]:
        """The keys that this model has in a spec, but for its `options`: the ConvLSTM's are fields of the section."""
        mine = type(self).model_fields if self.name == CONVLSTM else OF_EVERY_MODEL
        return tuple(key for key in type(self).model_fields if key in mine and key != "options")

    def settings(self) -> Mapping[str, object]:
        """The options of this model, whichever it is."""
        if self.name != CONVLSTM:
            return self.options
        return {key: getattr(self, key) for key in self.own_keys() if key not in OF_EVERY_MODEL}

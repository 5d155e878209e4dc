"""The contract that every model keeps, built-in or not."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch._functorch import config as functorch_config

from stq.models._context import ModelContext
from stq.tensors import Forecast

VARIANTS = 64
"""Forms of one function that are compiled: for each layer, with and without a state, in training and validation, for
whole batches and the last one. Beyond torch's own limit of 8 it would silently be as if nothing were compiled."""


class Forecaster(nn.Module):
    """A network that gives a central field for each horizon and, where there are levels, quantiles around it.

    A subclass has a docstring, a `name`, a constructor whose first argument is the context and whose further, keyword
    arguments are its options in the spec's section `model`, a `forward` and its `groups`. Values are normalised. Which
    loss may move what is none of its business: that is said by losses, of groups.

    Most models are a backbone under stq's own heads: they subclass `HeadedForecaster`, which has all of this but the
    backbone.

    Two promises are a model's to keep. What the central forecast draws at random (dropout) comes before whatever the
    quantiles draw, and its parameters are outside the group `quantiles`: then quantiles change no bit of it. And no
    parameter starts where it gets no gradient.
    """

    name: ClassVar[str]
    """How specs call this model."""

    def __init__(self, context: ModelContext) -> None:
        super().__init__()
        self.context = context

    def forward(
        self,
        inputs: Float[Tensor, "B T K Y X"],
        base: Float[Tensor, "B C Y X"],
        location: Float[Tensor, "B 2 Y X"],
    ) -> Forecast:
        """The forecast from the frames of the history, the last known frame, and latitude and longitude in degrees."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(inputs, base, location)")

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The model's own partition of its parameters: name of the group to glob patterns over parameter names.

        Losses are tagged with `backbone`, `central` and `quantiles`; other names are for specs that say `updates`.
        Every trainable parameter is in one group, and every pattern matches some.
        """
        raise NotImplementedError(f"{type(self).__name__} has no groups()")

    def compiled_parts(self) -> Iterable[nn.Module]:
        """The parts that `model.compile` compiles; none by default.

        Never the whole network, nor anything that several groups have a share in: the backward of a compiled part is
        one node, which gives all of its gradients or none, while routing has autograd leave out the paths that a class
        of losses does not need.
        """
        return ()

    def compile_parts(self, device: torch.device, backend: str = "inductor") -> None:
        """Compile `compiled_parts`, for `device`, from now on; a copy of the network isn't compiled.

        `backend` is one of `torch.compile`. For the whole process, compiled parts stop donating their buffers: routing
        walks a graph more than once. Every part and every shape that comes in is compiled by itself, up to `VARIANTS`.
        """
        functorch_config.donated_buffer = False
        # Inductor turns wide convolutions to channels last, which on a CPU costs more than all that it saves elsewhere.
        options = {"layout_optimization": device.type != "cpu"} if backend == "inductor" else None
        for part in self.compiled_parts():
            part.compile(backend=backend, dynamic=False, options=options, recompile_limit=VARIANTS)

    @property
    def central_is_fixed(self) -> bool:
        """Whether nothing that the central forecast depends on is trained: nothing outside the group `quantiles`."""
        patterns = self.groups().get("quantiles", ())
        outside = (
            p for name, p in self.named_parameters() if not any(fnmatchcase(name, pattern) for pattern in patterns)
        )
        return not any(parameter.requires_grad for parameter in outside)

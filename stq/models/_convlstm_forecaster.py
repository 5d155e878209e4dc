"""The reference network: a ConvLSTM under the heads."""

from collections.abc import Iterable
from typing import Annotated, ClassVar

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from stq.errors import UsageError
from stq.models._context import ModelContext
from stq.models._convlstm import ConvLSTM
from stq.models._headed_forecaster import HeadedForecaster


class ConvLSTMForecaster(HeadedForecaster):
    """Layers of a convolutional LSTM; every head reads the last hidden state.

    Shi et al. (2015), "Convolutional LSTM Network", arXiv:1506.04214; see `ConvLSTM` for where we differ.
    """

    name: ClassVar[str] = "convlstm"

    def __init__(
        self,
        context: ModelContext,
        hidden: Annotated[tuple[int, ...], Field(description="hidden channels of each layer")] = (24,),
        kernel: Annotated[int, Field(description="side of the convolutions in cells, odd")] = 3,
        dropout: Annotated[float, Field(description="share of channels that are dropped in training")] = 0.2,
        checkpoint_activations: Annotated[bool, Field(description="less memory and more time, the same bits")] = False,
    ) -> None:
        super().__init__(context)
        if not hidden:
            raise UsageError("the ConvLSTM needs at least one layer: give the channels of each in `hidden`")
        if kernel % 2 == 0:
            raise UsageError(f"the kernel must be odd, so that it has a middle cell; found {kernel}")
        with context.stream("convlstm"):
            self.convlstm = ConvLSTM(
                context.channels, hidden, kernel, dropout, checkpoint_activations=checkpoint_activations
            )
        self.add_heads(hidden[-1], kernel)

    def features(self, inputs: Float[Tensor, "B T K Y X"]) -> Float[Tensor, "B F Y X"]:
        """The last hidden state of the last layer."""
        features: Tensor = self.convlstm(inputs)
        return features

    def compiled_parts(self) -> Iterable[nn.Module]:
        """The cells, the bulk of the work."""
        return self.convlstm.cells

"""The contract that every loss keeps, built-in or not."""

from typing import ClassVar, Literal

from torch import Tensor, nn

from stq.losses._context import LossContext
from stq.tensors import Forecast, Target


class Loss(nn.Module):
    """A number that says how far a forecast is from what came true, and which parameter groups may learn from it.

    A subclass has a docstring (equation, source), a `name`, its tag `updates`, a constructor whose keyword arguments
    are its options in the spec, and a `forward`. It holds no trainable parameters. `stq.testing.check_loss` checks
    the rest.
    """

    name: ClassVar[str]
    """How specs call this loss."""
    updates: ClassVar[tuple[str, ...]]
    """The tag: the parameter groups that this loss may move, unless the spec says otherwise."""
    reduction: ClassVar[Literal["valid", "batch"]] = "valid"
    """`valid`: a mean over valid elements; several processes can be brought to the mean over all their elements.
    `batch`: any other function of the whole batch; several processes get the mean of their values.
    """
    needs_quantiles: ClassVar[bool] = False
    """Whether `forward` can't do without `forecast.quantiles`; checked against the model before training."""

    def __init__(self) -> None:
        super().__init__()

    def setup(self, context: LossContext) -> None:
        """Take what the loss needs of the training data. Called once, before the first step; by default nothing."""

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        """The loss, a scalar with a graph: finite for finite forecasts, and 0 where nothing is valid."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(forecast, target)")

"""What a loss may know about the run before it starts."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class LossContext:
    """The run that a loss is set up for: names, sizes, and the range of the training targets.

    A loss whose options don't suit the run says so in `setup`, by a `SpecError` whose problems' paths start at its own
    item of the spec: `("window",)`.
    """

    variables: tuple[str, ...]
    """Names of the C variables."""
    horizons: tuple[int, ...]
    """Steps ahead, one for each entry of the H axis."""
    levels: tuple[float, ...]
    """Quantile levels, one for each entry of the Q axis; empty where the model has none."""
    size: tuple[int, int]
    """Rows and columns (Y, X) of the fields."""
    minimum: Float[Tensor, " C"]
    """Least normalised training target of each variable."""
    maximum: Float[Tensor, " C"]
    """Greatest normalised training target of each variable."""

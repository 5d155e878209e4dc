"""What a model may know about the run that it is built for."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from stq.models._streams import stream

Order = Literal["independent", "anchored"]


@dataclass(frozen=True)
class ModelContext:
    """Names, sizes, and what the spec says of the heads of any model."""

    channels: int
    """K, the input channels: the C variables first, then whatever else the network is given."""
    variables: tuple[str, ...]
    """Names of the C variables that are forecast."""
    horizons: tuple[int, ...]
    """Steps ahead, one for each entry of the H axis."""
    levels: tuple[float, ...]
    """Quantile levels, ascending, one for each entry of the Q axis; empty where none are asked for."""
    order: Order
    """Whether each level is a field of its own, or all are widths around the centre, which never cross."""
    size: tuple[int, int]
    """Rows and columns (Y, X) of a training window; a forecast may be asked for in other sizes."""
    history: int
    """T, the input steps."""
    seed: int
    """The run's seed; see `stream`."""
    head_hidden: int | None = 16
    """Channels of the hidden convolution in every head; None for a single 1 x 1 convolution."""
    location_degree: int | None = None
    """Highest degree of the location encoder's spherical harmonics; None for no encoder."""
    share: Float[Tensor, "H C"] | None = None
    """The share of the last known frame that each central field starts from, by horizon and variable; None where
    central fields are not residual."""

    def stream(self, part: str) -> AbstractContextManager[None]:
        """Draw the initial weights of the part of this name from a stream of its own, f(seed, part): they then don't
        depend on which other parts there are."""
        return stream(self.seed, part)

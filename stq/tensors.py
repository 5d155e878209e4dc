"""The letters that every shape is written in, and the few bundles of tensors that travel through stq.

    B sample        T input step    H horizon    Q quantile level
    C variable that is forecast     K input channel (the C variables first, then whatever else the network is given)
    Y row           X column

H is always the horizon, never the height. Values are normalised inside (see `stq.data`), in units outside.
"""

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Bool, Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class Forecast:
    """What a model says: a central field for each horizon and, where it has levels, the quantiles around it.

    `levels` are ascending, one for each entry of the Q axis; without levels `quantiles` is None.
    """

    central: Float[Tensor, "B H C Y X"]
    quantiles: Float[Tensor, "B H Q C Y X"] | None = None
    levels: tuple[float, ...] = ()


@dataclass(frozen=True)
class Target:
    """What came true. `values` is finite everywhere; it means something only where `valid`.

    `weight` is the share of area of each cell (None: all alike). It is never zero everywhere.
    """

    values: Float[Tensor, "B H C Y X"]
    valid: Bool[Tensor, "B H C Y X"]
    weight: Float[Tensor, "B Y X"] | None = None


class Batch(NamedTuple):
    """One batch of windows: what is known when the forecast is issued, and what came true. All finite.

    In units, a normalised value z of variable c is `offset + scale[c] * z`; the scale belongs to the normaliser.
    """

    inputs: Float[Tensor, "B T K Y X"]
    """The network's input, normalised; the first C channels are the variables that are forecast."""
    base: Float[Tensor, "B C Y X"]
    """The last known frame in the targets' normalised units: what a residual head adds its change to."""
    values: Float[Tensor, "B H C Y X"]
    """The targets, normalised; 0 where not valid."""
    valid: Bool[Tensor, "B H C Y X"]
    offset: Float[Tensor, "B H C Y X"]
    """The value, in units, that a normalised 0 stands for at each target."""
    location: Float[Tensor, "B 2 Y X"]
    """Latitude and longitude in degrees; 0 where the grid is not geographic."""
    weight: Float[Tensor, "B Y X"]
    """Area weight of each cell, mean 1 over the grid; all 1 unless the spec asks for area weights."""
    time: Int64[Tensor, " B"]
    """Index, in the series, of the last input step: when the forecast is issued."""

    @property
    def target(self) -> Target:
        """The part that losses and metrics see."""
        return Target(self.values, self.valid, self.weight)

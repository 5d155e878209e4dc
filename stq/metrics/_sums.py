"""Where sums over cells are added up: over all frames, and some of them frame by frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


@dataclass(frozen=True)
class Layout:
    """Which columns of the K axis hold which sums, in the order of `sizes`."""

    sizes: Mapping[str, int]

    def columns(self, name: str) -> slice:
        """Where the sums of this name stand."""
        first = 0
        for other, size in self.sizes.items():
            if other == name:
                return slice(first, first + size)
            first += size
        raise KeyError(name)

    @property
    def width(self) -> int:
        """K."""
        return sum(self.sizes.values())

    def joined(self, sums: Mapping[str, Float64[Tensor, "B _ C"]]) -> Float64[Tensor, "B K C"]:
        """Sums by name, one behind the other; others than those of the layout are left out."""
        return torch.cat([sums[name] for name in self.sizes], dim=1)

    def apart(self, totals: Float64[Tensor, "*F K C"]) -> dict[str, Float64[Tensor, "*F _ C"]]:
        """The sums by name again."""
        return {name: totals[..., self.columns(name), :] for name in self.sizes}


class Totals(Metric):
    """Sums over all frames, in float64: batches, and processes, add up in any order."""

    full_state_update = False
    higher_is_better = None
    is_differentiable = False
    totals: Tensor

    def __init__(self, horizons: int, variables: int, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        shape = (horizons, layout.width, variables)
        self.add_state("totals", default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, horizon: int, sums: Float64[Tensor, "B K C"]) -> None:
        """Add the samples' sums at one horizon."""
        totals = self.totals.clone()
        totals[horizon] += sums.sum(dim=0)
        self.totals = totals

    def compute(self) -> dict[str, Tensor]:
        """H K C, under the name `totals`."""
        return {"totals": self.totals}

    def gathered(self) -> dict[str, Float64[Tensor, "H _ C"]]:
        """The sums by name, of all processes."""
        return self.layout.apart(self.compute()["totals"].reshape(self.totals.shape))


@dataclass(frozen=True)
class Frames:
    """Sums of every issue time, ascending."""

    times: Int64[Tensor, " F"]
    sums: Float64[Tensor, "F H K C"]


class FrameSums(Metric):
    """The few sums that are kept for every issue time, so that frames can be drawn again."""

    full_state_update = False
    higher_is_better = None
    is_differentiable = False
    keys: list[Tensor]
    rows: list[Tensor]

    def __init__(self, horizons: int, variables: int, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.shape = (horizons, layout.width, variables)
        self.add_state("keys", default=[], dist_reduce_fx="cat")
        self.add_state("rows", default=[], dist_reduce_fx="cat")

    def update(self, time: Int64[Tensor, " B"], horizon: int, sums: Float64[Tensor, "B K C"]) -> None:
        """Add the samples' sums at one horizon; parts of one frame may come apart."""
        self.keys.append(torch.stack([time, torch.full_like(time, horizon)], dim=1))
        self.rows.append(sums)

    def add_nothing(self) -> None:
        """Count as updated without a batch: what is gathered from the other processes then has the same axes here."""
        self.update(torch.zeros(0, dtype=torch.int64), 0, torch.zeros(0, *self.shape[1:], dtype=torch.float64))

    def compute(self) -> dict[str, Tensor]:
        """Issue times and their sums, as `Frames` has them."""
        keys, rows = dim_zero_cat(self.keys), dim_zero_cat(self.rows)
        times, where = torch.unique(keys[:, 0], return_inverse=True)
        horizons = self.shape[0]
        sums = rows.new_zeros(len(times) * horizons, *self.shape[1:])
        sums.index_add_(0, where * horizons + keys[:, 1], rows)
        return {"times": times, "sums": sums.view(len(times), *self.shape)}

    def gathered(self) -> Frames:
        """The same with its axes, those of one element too."""
        found = self.compute()
        return Frames(found["times"].reshape(-1), found["sums"].reshape(-1, *self.shape))


def selected(names: Sequence[str], layout: Layout) -> Layout:
    """The layout of some of the sums."""
    return Layout({name: layout.sizes[name] for name in names if name in layout.sizes})

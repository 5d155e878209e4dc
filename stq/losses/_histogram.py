"""Distance between the histograms of a forecast field and of what came true."""

from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stq.losses._context import LossContext
from stq.losses._loss import Loss
from stq.losses._share import share_of_cells
from stq.tensors import Forecast, Target


class Histogram(Loss):
    """Earth mover's distance between soft histograms of the forecast and of the truth, in normalised units.

    For each sample, horizon and variable, whatever the place of the values within the field,

        d = sum_k | mean_i s_k(c_i) - mean_i s_k(y_i) |,     k = 0 .. K + 1
        s_k(v) = min(max(v - e_k, 0), e_(k+1) - e_k)

    over the valid cells i (means weighted by area) and K equal bins between e_1 and e_(K+1), the least and greatest
    training target, with an open bin at either end, where s_0(v) = min(v - e_1, 0) and s_(K+1)(v) = max(v - e_(K+1),
    0). c is the central forecast, y what came true. L is the mean of d over all fields, each counted by its valid
    area.

    The mean of s_k / h, with h the bins' width, is one minus the cumulative sum of a histogram whose cells are shared
    between the two nearest edges in proportion (the triangular kernel of Ustinova and Lempitsky 2016,
    arXiv:1611.00822), so d is the L1 distance of cumulative histograms: in one dimension the earth mover's distance
    (Werman, Peleg and Rosenfeld 1985, doi:10.1016/0734-189X(85)90055-6). It is at most the 1-Wasserstein distance of
    the fields' values. It reaches it where the two distributions don't cross within a bin (moving all values by m
    costs |m|), and, between the outer edges, as bins grow finer.

    Where we differ: the end bins are open and linear, since a closed range has no gradient for a forecast beyond it.
    Every cell lies in exactly one bin, where s_k has slope 1, so no cell is ever without a gradient while its bin's
    content is wrong. Counting whole cells in bins instead would have no gradient at all.
    """

    name: ClassVar[str] = "histogram"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")
    reduction: ClassVar[Literal["valid", "batch"]] = "batch"

    minimum: Tensor
    width: Tensor

    def __init__(
        self, bins: Annotated[int, Field(ge=1, description="bins between the least and greatest training target")] = 32
    ) -> None:
        super().__init__()
        self.bins = bins

    def setup(self, context: LossContext) -> None:
        width = (context.maximum - context.minimum) / self.bins  # 0 for a constant variable: the open ends are left
        self.register_buffer("minimum", context.minimum[:, None, None].clone(), persistent=False)
        self.register_buffer("width", width[:, None, None], persistent=False)

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        share = share_of_cells(target)
        central = torch.where(target.valid, forecast.central, 0.0).to(share.dtype)
        contents = self._contents(central, share) - self._contents(target.values, share)
        total = share.sum()
        return contents.abs().sum() / torch.where(total > 0, total, 1.0)

    def _contents(
        self, values: Float[Tensor, "B H C Y X"], share: Float[Tensor, "B H C Y X"]
    ) -> Float[Tensor, "rows bins"]:
        """Sum over the cells of share times s_k, for each field and bin.

        A cell adds its whole width to each bin below its own and a part to its own, so two sums by bin are enough,
        one of the shares and one of the parts: the memory is that of the fields, not of the fields times the bins.
        """
        minimum, width = self.minimum.to(values.dtype), self.width.to(values.dtype)
        position = torch.nan_to_num((values.detach() - minimum) / width)  # a NaN falls into some bin, and makes it NaN
        bin_ = position.floor().clamp(-1, self.bins) + 1
        edge = minimum + (bin_ - 1).clamp(min=0) * width
        rows, columns = values.shape[:3].numel(), self.bins + 2
        field = torch.arange(rows, device=values.device).view(*values.shape[:3], 1, 1)
        index = (field * columns + bin_.long()).flatten()
        empty = share.new_zeros(rows * columns)
        parts = empty.index_add(0, index, (share * (values - edge)).flatten()).view(rows, columns)
        cells = empty.index_add(0, index, share.flatten()).view(rows, columns)
        above = cells.flip(-1).cumsum(-1).flip(-1) - cells
        above[:, 0] = 0.0  # the open bin below holds no whole widths
        return parts + above * width.expand(*values.shape[:3], 1, 1).reshape(rows, 1)

"""Difference of the Laplacian pyramids of a forecast field and of what came true."""

from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stq.errors import Problem, SpecError
from stq.losses._context import LossContext
from stq.losses._loss import Loss
from stq.losses._share import share_of_cells
from stq.tensors import Forecast, Target


class Laplacian(Loss):
    """L1 difference of Laplacian pyramids of the central forecast and of what came true, in normalised units.

        L = 1/N sum_j 2^(2j) sum_i w_ji | P_j(c - y)_i |,     j = 0 .. J - 1

    P_j(d) is what level j of the pyramid of d has beyond the next coarser one, d_j - up(d_(j+1)), and for the last
    level d_j itself; d_0 = d, and d_(j+1) is the mean of 2 x 2 cells of d_j. c is the central forecast, y what came
    true (the pyramid is linear, so one pyramid of their difference serves), w_0i the area weight of a valid cell, N
    their sum. The weight 2^(2j) makes up for the cells that are 2^(2j) times fewer, so every level counts as the mean
    of its cells. Source: Bojanowski et al. 2018, arXiv:1707.05776 (Lap_1, after Ling and Okada 2006), divided by N.

    Where we differ: theirs is a Gaussian pyramid (Burt and Adelson 1983); ours is the mean of 2 x 2 cells down and
    bilinear up, a few operations that take any size (an odd side is padded by a missing cell). Missing cells count
    neither way: a coarse cell is the mean of the valid cells in it and weighs their area, and going up leaves out
    coarse cells that hold none. So a constant difference m costs |m| whatever is missing.
    """

    name: ClassVar[str] = "laplacian"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")
    reduction: ClassVar[Literal["valid", "batch"]] = "batch"

    def __init__(
        self,
        levels: Annotated[int, Field(ge=1, description="levels of the pyramid; 1 is the mean absolute error")] = 3,
    ) -> None:
        super().__init__()
        self.levels = levels

    def setup(self, context: LossContext) -> None:
        largest = min(context.size).bit_length()  # the coarsest level still has a cell of its own: 2^(J - 1) <= side
        if self.levels > largest:
            rows, columns = context.size
            message = f"a field of {rows} x {columns} cells has no {self.levels} pyramid levels"
            raise SpecError([Problem(("levels",), message, hint=f"levels: {largest} is the most")])

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        share = share_of_cells(target).flatten(0, 1)
        field = torch.where(target.valid, forecast.central - target.values, 0.0).to(share.dtype).flatten(0, 1)
        cells = share.sum()
        total = field.new_zeros(())
        for level in range(self.levels):
            band = field
            if level < self.levels - 1:
                coarse, coarse_share = _coarser(field, share)
                band = field - _finer(coarse, coarse_share)[..., : field.shape[-2], : field.shape[-1]]
            total = total + 4**level * (share * band.abs()).sum()
            if level < self.levels - 1:
                field, share = coarse, coarse_share
        return total / torch.where(cells > 0, cells, 1.0)


def _coarser(
    field: Float[Tensor, "N C Y X"], share: Float[Tensor, "N C Y X"]
) -> tuple[Float[Tensor, "N C y x"], Float[Tensor, "N C y x"]]:
    """Mean of each 2 x 2 cells by share, and the mean share."""
    rows, columns = field.shape[-2:]
    padding = (0, columns % 2, 0, rows % 2)
    coarse_share = F.avg_pool2d(F.pad(share, padding), 2)
    coarse = F.avg_pool2d(F.pad(share * field, padding), 2)
    return coarse / torch.where(coarse_share > 0, coarse_share, 1.0), coarse_share


def _finer(coarse: Float[Tensor, "N C y x"], share: Float[Tensor, "N C y x"]) -> Float[Tensor, "N C Y X"]:
    """Bilinear interpolation to twice the size from the coarse cells that have a share."""
    known = (share > 0).to(coarse.dtype)
    field = F.interpolate(known * coarse, scale_factor=2, mode="bilinear", align_corners=False)
    reached = F.interpolate(known, scale_factor=2, mode="bilinear", align_corners=False)
    return field / torch.where(reached > 0, reached, 1.0)

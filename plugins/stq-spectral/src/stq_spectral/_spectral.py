"""The loss, and the spectrum that it compares."""

from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stq.errors import Problem, SpecError
from stq.losses import Loss, LossContext
from stq.tensors import Forecast, Target


class Spectral(Loss):
    """How far the power spectrum of the central forecast is from that of what came true: a price on blur.

        L = sum_f a_f 1/K sum_k ln^2[ (P_k(c_f) + e) / (P_k(y_f) + e) ] / sum_f a_f,      k = 1 .. K

    over all fields f of the batch (samples, horizons, variables), in squared nepers; c the central forecast, y what
    came true, in normalised units, a_f the valid area of the field. P_k is the power at the k-th wavenumber (k waves
    along the shorter side), the mean over all directions; see `radial_power`. K is half of the shorter side: the
    shortest wave that cells can hold. A mean squared error rewards a forecast without the waves that it can't place;
    here each octave that is missing costs as much at small scales as at large ones, and where the waves are costs
    nothing, so that this is a loss to stand beside another, with a small weight. The mean of a field is left out.
    Source: Durall et al. 2020, arXiv:2003.01826 (spectra averaged over angles, compared beside another
    loss). Where we differ: theirs is a cross entropy of normalised spectra; ours compares logarithms, so that it hears
    of a lack of power as well.

    Cells that are not valid are 0 in both fields: nobody knows what stood there, 0 is what the training data are on
    average, and the same in both makes no difference of its own. A field with few valid cells weighs little.
    """

    name: ClassVar[str] = "spectral"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")
    reduction: ClassVar[Literal["valid", "batch"]] = "batch"

    def __init__(
        self,
        floor: Annotated[
            float, Field(gt=0, description="power, in squared deviations, that counts as none: e in the equation")
        ] = 1e-3,
    ) -> None:
        super().__init__()
        self.floor = floor

    def setup(self, context: LossContext) -> None:
        """Refuse fields that hold no spectrum."""
        if min(context.size) < 4:
            rows, columns = context.size
            message = f"a field of {rows} x {columns} cells has no spectrum: its shorter side needs 4 cells"
            raise SpecError([Problem(("loss",), message, hint="leave the loss out")])

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        """Masked first, so that what stands in cells that are not valid reaches nothing."""
        with torch.autocast(target.values.device.type, enabled=False):
            wide = torch.promote_types(target.values.dtype, torch.float32)
            share = target.valid.to(wide)
            if target.weight is not None:
                share = share * target.weight[:, None, None].to(wide)
            area = share.sum(dim=(-2, -1))
            ours, truth = (
                radial_power(torch.where(target.valid, values, 0.0).to(wide))
                for values in (forecast.central, target.values)
            )
            distance = ((ours + self.floor) / (truth + self.floor)).log().square().mean(-1)
            total = area.sum()
            return (area * distance).sum() / torch.where(total > 0, total, 1.0)


def radial_power(fields: Float[Tensor, "*fields Y X"]) -> Float[Tensor, "*fields K"]:
    """Power at 1 .. K waves along the shorter side, averaged over directions, in the squared units of the fields.

    The mean is taken off and a Hann window put on, since opposite edges do not meet. The scale is that of a white
    noise, whose power is its variance at every wavenumber; waves in the corners of the spectrum, shorter than two
    cells of the shorter side, are left out.
    """
    rows, columns = fields.shape[-2:]
    window = _hann(rows, fields)[:, None] * _hann(columns, fields)
    waves = torch.fft.fft2((fields - fields.mean(dim=(-2, -1), keepdim=True)) * window)
    power = (waves.real.square() + waves.imag.square()) / window.square().sum()
    y, x = (torch.fft.fftfreq(side, dtype=fields.dtype, device=fields.device) for side in (rows, columns))
    shorter = min(rows, columns)
    number = (shorter * torch.hypot(y[:, None], x)).round().long()
    ring = torch.nn.functional.one_hot(number.flatten(), max(shorter, int(number.max())) + 1).to(fields.dtype)
    ring = ring[:, 1 : shorter // 2 + 1]
    return power.flatten(-2) @ (ring / ring.sum(0))


def _hann(side: int, like: Tensor) -> Tensor:
    """Nowhere 0, so that every cell counts."""
    return torch.hann_window(side + 2, periodic=False, dtype=like.dtype, device=like.device)[1:-1]

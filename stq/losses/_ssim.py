"""Structural similarity of a forecast field and of what came true."""

from typing import Annotated, ClassVar, Literal

import pytorch_msssim
import torch
from jaxtyping import Float
from pydantic import Field
from pytorch_msssim.ssim import gaussian_filter
from torch import Tensor

from stq.errors import Problem, SpecError
from stq.losses._context import LossContext
from stq.losses._loss import Loss
from stq.losses._share import share_of_cells
from stq.tensors import Forecast, Target


class SSIM(Loss):
    """One minus the structural similarity of the central forecast and of what came true; a number between 0 and 2.

        L = sum_p a_p (1 - S_p) / sum_p a_p

              (2 m_c m_y + C_1) (2 s_cy + C_2)
        S = -------------------------------------------,      C_1 = 0.01^2,  C_2 = 0.03^2
            (m_c^2 + m_y^2 + C_1) (s_c^2 + s_y^2 + C_2)

    over all windows p that fit into a field, of all samples, horizons and variables; m, s^2 and s_cy the mean,
    variance and covariance of c, the central forecast, and y, what came true, under a Gaussian window of deviation
    1.5 cells. Both are first brought to the range of the variable's training targets, v -> (v - min) / (max - min),
    so the data range is 1 and an added constant (Kelvin or Celsius) changes nothing. They start at 0 and are not
    centred: around 0 a forecast of the opposite sign has both factors negative, and would score as well as the truth.
    Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861, eq. 13; the window is pytorch-msssim's.

    Where we differ: moments are taken over the valid cells of a window alone, and a window weighs a_p, the valid area
    that it sees. Without missing cells and area weights this is the usual mean SSIM; a coast costs its windows weight
    instead of all of them. A forecast beyond the training range is not clipped.
    """

    name: ClassVar[str] = "ssim"
    updates: ClassVar[tuple[str, ...]] = ("backbone", "central")
    reduction: ClassVar[Literal["valid", "batch"]] = "batch"

    kernel: Tensor
    minimum: Tensor
    span: Tensor

    def __init__(
        self, window: Annotated[int, Field(ge=3, description="side of the window in cells, odd")] = 11
    ) -> None:
        super().__init__()
        if window % 2 == 0:
            message = f"the window is {window} cells wide, and must be odd to have a middle"
            raise SpecError([Problem(("window",), message, hint=f"window: {window - 1}")])
        self.window = window
        kernel = pytorch_msssim.SSIM(win_size=window, win_sigma=1.5, channel=1).win
        self.register_buffer("kernel", kernel, persistent=False)

    def setup(self, context: LossContext) -> None:
        if self.window > min(context.size):
            raise SpecError([self._too_wide(context.size)])
        span = context.maximum - context.minimum
        self.register_buffer("minimum", context.minimum[:, None, None].clone(), persistent=False)
        self.register_buffer("span", torch.where(span > 0, span, 1.0)[:, None, None], persistent=False)

    def forward(self, forecast: Forecast, target: Target) -> Tensor:
        # A variance is a difference of second moments: it needs the digits that mixed precision would drop.
        with torch.autocast(target.values.device.type, enabled=False):
            share = share_of_cells(target)
            valid = target.valid.to(share.dtype)
            c = self._scaled(forecast.central, target).to(share.dtype)
            y = self._scaled(target.values, target)
            fields = torch.stack([share, valid, c, y, c * c, y * y, c * y])
            seen, covered, *moments = self._windows(fields).unbind()
            covered = torch.where(covered > 0, covered, 1.0)
            m_c, m_y, m_cc, m_yy, m_cy = (moment / covered for moment in moments)
            likeness = (2 * m_c * m_y + 0.01**2) / (m_c.square() + m_y.square() + 0.01**2)
            structure = 2 * (m_cy - m_c * m_y) + 0.03**2
            structure = structure / (m_cc - m_c.square() + m_yy - m_y.square() + 0.03**2)
            total = seen.sum()
            return (seen * (1 - likeness * structure)).sum() / torch.where(total > 0, total, 1.0)

    def _scaled(self, values: Float[Tensor, "B H C Y X"], target: Target) -> Float[Tensor, "B H C Y X"]:
        return torch.where(target.valid, (values - self.minimum) / self.span, 0.0)

    def _windows(self, fields: Float[Tensor, "F B H C Y X"]) -> Float[Tensor, "F B H C y x"]:
        """Mean under the Gaussian window, at each place where it fits.

        All fields are channels of one image: on a CPU that was up to thirty times faster than images of one channel.
        """
        channels = fields.flatten(0, 3)[None]
        kernel = self.kernel.to(fields.dtype).expand(channels.shape[1], -1, -1, -1)
        windows: Tensor = gaussian_filter(channels, kernel)
        return windows.view(*fields.shape[:4], *windows.shape[-2:])

    def _too_wide(self, size: tuple[int, int]) -> Problem:
        rows, columns = size
        largest = (min(size) - 1) // 2 * 2 + 1
        message = f"a window of {self.window} cells does not fit into a field of {rows} x {columns}"
        if largest < 3:
            return Problem(("window",), message, hint="leave the loss out: no window fits")
        return Problem(("window",), message, hint=f"window: {largest} is the largest that fits")

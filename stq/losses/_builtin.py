"""The built-in losses, brought in by the hook that any plugin uses."""

from stq import hookimpl
from stq.losses._histogram import Histogram
from stq.losses._laplacian import Laplacian
from stq.losses._loss import Loss
from stq.losses._mse import MSE
from stq.losses._pinball import Pinball
from stq.losses._ssim import SSIM


@hookimpl
def stq_losses() -> list[type[Loss]]:
    """The five losses of the reference recipe."""
    return [MSE, SSIM, Laplacian, Histogram, Pinball]

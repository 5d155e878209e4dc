"""The `Loss` contract, and the five losses that stq brings.

A loss compares a forecast with what came true and says, by its tag `updates`, which parameter groups it may move. It
sees normalised values only, together with the cells that are valid and their area; `masked_mean` is how most of them
reduce. The built-in losses (mse, ssim, laplacian, histogram, pinball) reach the registry by the same hook as a
stranger's.
"""

from stq.losses._blame import blamed
from stq.losses._build import build_loss, refuse_trainable
from stq.losses._builtin import stq_losses
from stq.losses._context import LossContext
from stq.losses._histogram import Histogram
from stq.losses._laplacian import Laplacian
from stq.losses._loss import Loss
from stq.losses._masked_mean import masked_mean
from stq.losses._mse import MSE
from stq.losses._options import loss_options, options_of_loss
from stq.losses._pinball import Pinball
from stq.losses._ssim import SSIM
from stq.options import OptionInfo

__all__ = [
    "MSE",
    "SSIM",
    "Histogram",
    "Laplacian",
    "Loss",
    "LossContext",
    "OptionInfo",
    "Pinball",
    "blamed",
    "build_loss",
    "loss_options",
    "masked_mean",
    "options_of_loss",
    "refuse_trainable",
    "stq_losses",
]

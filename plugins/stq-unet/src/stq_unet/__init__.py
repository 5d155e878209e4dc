"""A recurrent U-Net as a plugin of stq."""

from stq import hookimpl
from stq.models import Forecaster
from stq_unet._unet import UNet

__all__ = ["UNet", "stq_models"]

stq_api = 1
"""The version of stq's plugin API that this was written for."""


@hookimpl
def stq_models() -> list[type[Forecaster]]:
    """The hook by which stq finds the model."""
    return [UNet]

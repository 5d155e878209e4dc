"""A loss of the power spectrum as a plugin of stq."""

from stq import hookimpl
from stq.losses import Loss
from stq_spectral._spectral import Spectral, radial_power

__all__ = ["Spectral", "radial_power", "stq_losses"]

stq_api = 1
"""The version of stq's plugin API that this was written for."""


@hookimpl
def stq_losses() -> list[type[Loss]]:
    """The hook by which stq finds the loss."""
    return [Spectral]

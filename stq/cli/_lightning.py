"""Lightning's own words are kept from the user's terminal."""

import logging

TALKERS = ("pytorch_lightning.utilities.rank_zero", "lightning_fabric.utilities.rank_zero")
"""The loggers behind its lines on devices, products of the vendor, and why `Trainer.fit` stopped."""


def silence_lightning() -> None:
    """Let warnings and errors through and nothing below; works before Lightning is imported, and does not import it."""
    for name in TALKERS:
        logging.getLogger(name).setLevel(logging.WARNING)

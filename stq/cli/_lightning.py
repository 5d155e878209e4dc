"""Lightning's own words are kept from the user's terminal."""

import logging

PARTS = (
    "accelerators",
    "callbacks",
    "core",
    "loggers",
    "loops",
    "plugins",
    "profilers",
    "strategies",
    "trainer",
    "tuner",
    "utilities",
)
"""Packages whose loggers talk: on devices, products of the vendor, defaults, why `Trainer.fit` stopped. Their parent's
level would be set back when Lightning is imported."""


def silence_lightning() -> None:
    """Let warnings and errors through and nothing below; works before Lightning is imported, and does not import it."""
    for package in ("pytorch_lightning", "lightning_fabric"):
        for part in PARTS:
            logging.getLogger(f"{package}.{part}").setLevel(logging.WARNING)

"""Chance, begun anew from a number."""

import random

import numpy as np
import torch


def begin_chance(seed: int) -> None:
    """Seed every generator that a network or a loss may draw from: torch's, numpy's, and Python's own."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)

"""Squared error of the central forecast."""

import numpy as np
import pytest
from support.loss_batches import batch

from stq.losses import MSE


def test_it_is_numpys_weighted_mean_of_squares():
    forecast, target = batch(1)
    share = (target.weight[:, None, None] * target.valid).numpy()
    error = (forecast.central - target.values).detach().numpy()
    assert MSE()(forecast, target).item() == pytest.approx(np.average(error**2, weights=share))

"""The mean over cells that count."""

import numpy as np
import pytest
import torch

from stq.losses import masked_mean


@pytest.fixture
def fields():
    random = torch.Generator().manual_seed(0)
    values = torch.randn((2, 3, 4, 5, 6), generator=random, dtype=torch.float64)
    return values, torch.rand(values.shape, generator=random) > 0.4, torch.rand((2, 5, 6), generator=random).double()


def test_it_is_the_weighted_average_of_valid_cells(fields):
    values, valid, weight = fields
    share = (weight[:, None, None] * valid).numpy()
    assert masked_mean(values, valid, weight).item() == pytest.approx(np.average(values.numpy(), weights=share))
    assert masked_mean(values, valid).item() == pytest.approx(values[valid].mean().item())


def test_nan_where_not_valid_harms_neither_value_nor_gradient(fields):
    values, valid, weight = fields
    planted = torch.where(valid, values, torch.nan).requires_grad_()
    mean = masked_mean(planted, valid, weight)
    (gradient,) = torch.autograd.grad(mean, planted)
    assert torch.equal(mean, masked_mean(values, valid, weight))
    assert gradient.isfinite().all()
    assert (gradient[~valid] == 0).all()


def test_nothing_valid_gives_a_zero_with_a_graph(fields):
    values, valid, weight = fields
    values.requires_grad_()
    mean = masked_mean(values, torch.zeros_like(valid), weight)
    (gradient,) = torch.autograd.grad(mean, values)
    assert mean.item() == 0
    assert (gradient == 0).all()


def test_valid_cells_without_area_count_as_none(fields):
    values, valid, weight = fields
    assert masked_mean(values, valid, torch.zeros_like(weight)).item() == 0


def test_half_precision_is_summed_in_single():
    values = torch.full((1, 1, 1, 300, 300), 1.5, dtype=torch.float16)  # a sum far beyond the range of float16
    mean = masked_mean(values, torch.ones_like(values, dtype=torch.bool))
    assert mean.dtype == torch.float32
    assert mean.item() == 1.5

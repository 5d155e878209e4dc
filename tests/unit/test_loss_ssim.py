"""Structural similarity, against scikit-image, pytorch-msssim, and the definition window by window."""

import numpy as np
import pytest
import pytorch_msssim
import torch
from skimage.metrics import structural_similarity
from support.loss_batches import batch, context, ready

from stq.errors import SpecError
from stq.losses import SSIM
from stq.tensors import Forecast

SIZE = (14, 17)


def _unit_range(values, minimum=(-1.5, -2.0), span=4.0):
    """Values between 0 and 1 over the range of the test's context, where both variables span 4."""
    return ((values - torch.tensor(minimum, dtype=values.dtype)[:, None, None]) / span).detach()


def test_complete_fields_score_as_in_scikit_image():
    forecast, target = batch(1, SIZE, missing=0, weighted=False)
    c, y = _unit_range(forecast.central).flatten(0, 2).numpy(), _unit_range(target.values).flatten(0, 2).numpy()
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    maps = [structural_similarity(one, other, full=True, **options)[1] for one, other in zip(c, y, strict=True)]
    expected = np.mean([similarity[5:-5, 5:-5] for similarity in maps])  # beyond, scikit-image mirrors the field
    assert ready(SSIM, SIZE, window=11)(forecast, target).item() == pytest.approx(1 - expected, rel=1e-5)


def test_complete_fields_score_as_in_pytorch_msssim():
    forecast, target = batch(2, SIZE, missing=0, weighted=False)
    c, y = _unit_range(forecast.central).flatten(0, 1), _unit_range(target.values).flatten(0, 1)
    expected = 1 - pytorch_msssim.ssim(c, y, data_range=1.0, win_size=7)
    assert torch.allclose(ready(SSIM, SIZE, window=7)(forecast, target), expected, rtol=1e-6)


def test_missing_cells_and_weights_follow_the_definition_window_by_window():
    size, side = (8, 9), 5
    forecast, target = batch(3, size, missing=0.6)
    forecast_field, truth = _unit_range(forecast.central).numpy(), _unit_range(target.values).numpy()
    valid = target.valid.numpy()
    area = (target.weight[:, None, None] * target.valid).numpy()
    bell = np.exp(-((np.arange(side) - side // 2) ** 2) / (2 * 1.5**2))
    kernel = np.outer(bell, bell) / np.outer(bell, bell).sum()
    total = seen = 0.0
    for place in np.ndindex(*valid.shape[:3], size[0] - side + 1, size[1] - side + 1):
        window = (*place[:3], slice(place[3], place[3] + side), slice(place[4], place[4] + side))
        share = kernel * valid[window]
        if share.sum() == 0:
            continue
        c, y = (np.where(valid[window], field[window], 0) for field in (forecast_field, truth))
        m_c, m_y = np.average(c, weights=share), np.average(y, weights=share)
        s_c, s_y = np.average((c - m_c) ** 2, weights=share), np.average((y - m_y) ** 2, weights=share)
        s_cy = np.average((c - m_c) * (y - m_y), weights=share)
        score = (2 * m_c * m_y + 1e-4) * (2 * s_cy + 9e-4) / ((m_c**2 + m_y**2 + 1e-4) * (s_c + s_y + 9e-4))
        total += (kernel * area[window]).sum() * (1 - score)
        seen += (kernel * area[window]).sum()
    assert ready(SSIM, size, window=side)(forecast, target).item() == pytest.approx(total / seen, rel=1e-5)


def test_an_added_constant_changes_nothing_when_the_range_moves_along():
    forecast, target = batch(4, SIZE, missing=0)
    kelvin = Forecast(forecast.central + 273.15), type(target)(target.values + 273.15, target.valid, target.weight)
    loss, moved = ready(SSIM, SIZE), SSIM(window=5).double()
    moved.setup(context(SIZE, minimum=(-1.5 + 273.15, -2 + 273.15), maximum=(2.5 + 273.15, 2 + 273.15)))
    assert torch.allclose(loss(forecast, target), moved(*kelvin), rtol=1e-6)


def test_a_perfect_forecast_costs_nothing_and_its_opposite_more_than_one():
    _, target = batch(5, SIZE)
    loss = SSIM(window=5).double()
    loss.setup(context(SIZE, minimum=(-4.0, -4.0), maximum=(4.0, 4.0)))
    assert loss(Forecast(target.values), target).item() == pytest.approx(0, abs=1e-12)
    assert loss(Forecast(-target.values), target).item() > 1


def test_a_larger_unit_changes_nothing_when_the_range_shrinks_along():
    forecast, target = batch(4, SIZE, missing=0)
    small = Forecast(forecast.central / 100), type(target)(target.values / 100, target.valid, target.weight)
    loss, shrunk = ready(SSIM, SIZE), SSIM(window=5).double()
    shrunk.setup(context(SIZE, minimum=(-0.015, -0.02), maximum=(0.025, 0.02)))
    torch.testing.assert_close(shrunk(*small), loss(forecast, target))


def test_a_constant_variable_stays_finite():
    forecast, target = batch(6, SIZE)
    loss = SSIM(window=5).double()
    loss.setup(context(SIZE, minimum=(0.0, 0.0), maximum=(0.0, 1.0)))
    assert loss(forecast, target).isfinite()


@pytest.mark.parametrize(
    ("size", "hint"),
    [((10, 40), "window: 9"), ((40, 9), "window: 9"), ((3, 9), "window: 3"), ((2, 9), "no window")],
)
def test_a_field_smaller_than_the_window_is_refused_with_the_largest_that_fits(size, hint):
    with pytest.raises(SpecError, match=hint) as refused:
        SSIM().setup(context(size))
    assert refused.value.problems[0].path == ("window",)


def test_a_window_without_a_middle_is_refused():
    with pytest.raises(SpecError, match=r"(?s)odd.*window: 7"):
        SSIM(window=8)

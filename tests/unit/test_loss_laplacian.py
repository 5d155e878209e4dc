"""The pyramid, against one written out in NumPy, and its promises about sizes and missing cells."""

import numpy as np
import pytest
import torch
from support.loss_batches import batch, context, ready

from stq.errors import SpecError
from stq.losses import Laplacian
from stq.tensors import Forecast, Target


def _down(field):
    return (field[::2, ::2] + field[1::2, ::2] + field[::2, 1::2] + field[1::2, 1::2]) / 4


def _up(field):
    """Bilinear, cell centres aligned: a fine cell lies a quarter of a coarse cell off its middle."""
    for axis in (0, 1):
        count = field.shape[axis]
        place = (np.arange(2 * count) + 0.5) / 2 - 0.5
        field = np.apply_along_axis(lambda line, n=count, at=place: np.interp(at, np.arange(n), line), axis, field)
    return field


def test_complete_fields_follow_the_equation():
    forecast, target = batch(1, (8, 12), missing=0, weighted=False)
    difference = (forecast.central - target.values).detach().flatten(0, 2).numpy()
    expected = 0.0
    for field in difference:
        half, quarter = _down(field), _down(_down(field))
        bands = [field - _up(half), half - _up(quarter), quarter]
        expected += sum(4**j * np.abs(band).sum() for j, band in enumerate(bands))
    assert ready(Laplacian, (8, 12), levels=3)(forecast, target).item() == pytest.approx(expected / difference.size)


def test_one_level_is_the_mean_absolute_error():
    forecast, target = batch(2)
    share = (target.weight[:, None, None] * target.valid).numpy()
    error = (forecast.central - target.values).detach().abs().numpy()
    assert ready(Laplacian, levels=1)(forecast, target).item() == pytest.approx(np.average(error, weights=share))


@pytest.mark.parametrize("size", [(8, 8), (9, 11), (5, 16)])
@pytest.mark.parametrize("missing", [0.0, 0.7])
def test_a_constant_difference_costs_itself_whatever_is_missing(size, missing):
    _, target = batch(3, size, missing)
    loss = ready(Laplacian, size, levels=3)(Forecast(target.values + 0.7), target)
    assert loss.item() == pytest.approx(0.7)


@pytest.mark.parametrize("size", [(9, 11), (8, 10)])
def test_missing_margins_are_as_good_as_cut_off(size):
    forecast, target = batch(4, size, missing=0.2)
    inner = torch.zeros(size, dtype=torch.bool)
    inner[: size[0] - 1, : size[1] - 2] = True
    masked = Target(target.values, target.valid & inner, target.weight)
    cut = (..., slice(0, size[0] - 1), slice(0, size[1] - 2))
    smaller = Target(target.values[cut], target.valid[cut], target.weight[cut])
    loss = ready(Laplacian, size, levels=3)
    assert torch.allclose(loss(forecast, masked), loss(Forecast(forecast.central[cut]), smaller), rtol=1e-12)


def test_large_errors_in_wide_patches_cost_more_than_the_same_errors_scattered():
    _, target = batch(5, (16, 16), missing=0, weighted=False)
    patch = torch.zeros(16, 16, dtype=torch.float64)
    patch[:8, :8] = 1
    scattered = torch.zeros(16, 16, dtype=torch.float64)
    scattered[::2, ::2] = 1
    loss = ready(Laplacian, (16, 16), levels=3)
    wide, fine = (loss(Forecast(target.values + error), target) for error in (patch, scattered))
    assert patch.sum() == scattered.sum()
    assert wide != fine


@pytest.mark.parametrize(("size", "largest"), [((24, 24), 5), ((31, 100), 5), ((32, 100), 6), ((1, 9), 1)])
def test_more_levels_than_the_field_holds_are_refused_with_the_most_it_does(size, largest):
    Laplacian(levels=largest).setup(context(size))
    with pytest.raises(SpecError, match=f"levels: {largest} is the most") as refused:
        Laplacian(levels=largest + 1).setup(context(size))
    assert refused.value.problems[0].path == ("levels",)


@pytest.mark.parametrize("size", [(1, 9), (5, 5), (31, 33)])
def test_any_size_works_at_its_most_levels(size):
    forecast, target = batch(6, size)
    loss = ready(Laplacian, size, levels=min(size).bit_length())
    (gradient,) = torch.autograd.grad(loss(forecast, target), forecast.central)
    assert gradient.isfinite().all()

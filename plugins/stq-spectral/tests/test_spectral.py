"""Only what stq makes public is used here, as in any plugin's own tests."""

from dataclasses import replace

import pytest
import torch
from stq_spectral import Spectral, radial_power, stq_losses

from stq.errors import SpecError
from stq.registry import load_losses
from stq.tensors import Forecast, Target
from stq.testing import check_loss, tiny_context, tiny_target


def test_spectral_keeps_the_contract():
    check_loss(Spectral).raise_for_failures()
    check_loss(Spectral(floor=0.1)).raise_for_failures()


def test_stq_finds_spectral_by_its_entry_point():
    assert load_losses().get("spectral").cls is Spectral
    assert load_losses().get("spectral").distribution == "stq-spectral"
    assert stq_losses() == [Spectral]


def test_white_noise_has_its_variance_at_every_wavenumber():
    fields = 3 * torch.randn(400, 24, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    power = radial_power(fields).mean(0)
    assert power.shape == (12,)
    # The mean that is taken off takes some of the longest waves with it, which the window mixes.
    torch.testing.assert_close(power[1:], torch.full((11,), 9.0, dtype=torch.float64), rtol=0.1, atol=0)


@pytest.mark.parametrize("waves", [3, 7])
def test_a_wave_stands_at_its_wavenumber_in_whatever_direction(waves):
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(40.0), indexing="ij")
    for along in (y / 32, x / 32):
        assert radial_power(torch.sin(2 * torch.pi * waves * along)).argmax() == waves - 1


def blurred(values):
    """Each cell the mean of nine."""
    return torch.nn.functional.avg_pool2d(values.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(values)


def test_blur_costs_more_the_more_of_it_and_a_shifted_field_next_to_nothing():
    target = tiny_target()
    target = Target(target.values, target.valid)
    loss = Spectral()
    fields = [target.values, blurred(target.values), blurred(blurred(target.values))]
    sharp, soft, softer = (float(loss(Forecast(field), target)) for field in fields)
    assert sharp == 0
    assert softer > soft > 1
    shifted = float(loss(Forecast(target.values + 5), target))
    assert shifted < 1e-20


def test_its_gradient_sharpens_a_blurred_field():
    target = tiny_target()
    field = blurred(target.values).requires_grad_()
    loss = Spectral()
    [gradient] = torch.autograd.grad(loss(Forecast(field), target), field)
    step = field.detach() - 1e-3 * gradient / gradient.norm()
    assert loss(Forecast(step), target) < loss(Forecast(field), target)
    assert radial_power(step)[..., 3:].sum() > radial_power(field.detach())[..., 3:].sum()


def test_a_field_that_is_missing_weighs_nothing():
    target = tiny_target()
    lost = replace(target, valid=target.valid.clone())
    lost.valid[0, 1, 0] = False
    forecast = Forecast(blurred(target.values))
    kept = [
        Spectral()(Forecast(forecast.central[b : b + 1, h : h + 1, c : c + 1]), cut(target, b, h, c))
        for b in range(2)
        for h in range(2)
        for c in range(2)
        if (b, h, c) != (0, 1, 0)
    ]
    torch.testing.assert_close(Spectral()(forecast, lost), torch.stack(kept).mean())


def cut(target, b, h, c):
    """One field of the target."""
    place = (slice(b, b + 1), slice(h, h + 1), slice(c, c + 1))
    return Target(target.values[place], target.valid[place], target.weight[b : b + 1])


def test_a_field_without_a_spectrum_is_refused_in_the_spec():
    with pytest.raises(SpecError, match="3 x 9 cells has no spectrum"):
        Spectral().setup(replace(tiny_context(), size=(3, 9)))

"""Only what stq makes public is used here, as in any plugin's own tests."""

import torch
from stq_huber import Huber, stq_losses

from stq.registry import load_losses
from stq.testing import check_loss, tiny_forecast, tiny_target


def test_huber_keeps_the_contract():
    check_loss(Huber).raise_for_failures()
    check_loss(Huber(delta=0.3)).raise_for_failures()


def test_stq_finds_huber_by_its_entry_point():
    entry = load_losses().get("huber")
    assert entry.cls is Huber
    assert entry.distribution == "stq-huber"


def test_the_hook_gives_the_loss():
    assert stq_losses() == [Huber]


def test_huber_is_half_the_squared_error_near_and_linear_far():
    forecast, target = tiny_forecast(), tiny_target()
    error = (forecast.central - target.values).abs()
    weight = target.weight[:, None, None].expand_as(error)
    near = (weight * error.square() / 2).sum() / weight.sum()
    far = (weight * 0.01 * (error - 0.005)).sum() / weight.sum()
    torch.testing.assert_close(Huber(delta=100.0)(forecast, target), near)
    torch.testing.assert_close(Huber(delta=0.01)(forecast, target), far, rtol=1e-4, atol=0)

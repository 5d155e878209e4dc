"""A frozen group holds still altogether: no gradient, no running statistics, no dropout masks."""

import pytest
import torch
from support.routed_nets import ROUTES, fit, same_bits, state
from torch import Tensor, nn

from stq.routing import Groups, hold_frozen


class NormedNet(nn.Module):
    """A backbone with batch normalisation and dropout, and a head that has both as well."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.central = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 1, 1))

    def losses(self, fields: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """One loss, of the central field."""
        return {"mse": (self.central(self.backbone(fields)) - truth).square().mean()}


PATTERNS = {"backbone": ["backbone.*"], "central": ["central.*"]}
MSE = {"mse": ROUTES["mse"]}


def test_buffers_of_a_frozen_group_do_not_move_in_training() -> None:
    net = NormedNet()
    before = state(net)
    fit(net=net, patterns=PATTERNS, routes=MSE, freeze=["backbone"])
    after = state(net)
    backbone = {name for name in before if name.startswith("backbone")}
    assert same_bits({n: before[n] for n in backbone}, {n: after[n] for n in backbone})
    assert all(p.grad is None for p in net.backbone.parameters())
    moved = [name for name in before.keys() - backbone if torch.equal(before[name], after[name])]
    assert moved == []


def test_without_freeze_they_do() -> None:
    """What the routing does not isolate, and freezing does."""
    net = NormedNet()
    before = state(net, "backbone.1.running")
    fit(net=net, patterns=PATTERNS, routes=MSE)
    assert not same_bits(before, state(net, "backbone.1.running"))


@pytest.mark.parametrize(
    ("freeze", "still"),
    [
        ([], set()),
        (["backbone"], {"backbone", "backbone.0", "backbone.1", "backbone.2"}),
        (["central"], {"central", "central.0", "central.1", "central.2"}),
    ],
)
def test_a_part_holds_still_where_all_its_parameters_are_frozen(freeze: list[str], still: set[str]) -> None:
    net = NormedNet()
    hold_frozen(net, Groups.of(net, PATTERNS, freeze))
    assert {name for name, part in net.named_modules() if not part.training} == still

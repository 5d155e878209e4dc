"""Clipping one group leaves the step of every other as it was."""

import torch
from support.routed_nets import BandNet, band_plan, fields, gradients, same_bits

from stq.routing import Groups, Router, clip_by_group, clip_gradients, gradient_norms


def stepped(freeze: tuple[str, ...] = ()) -> tuple[BandNet, Groups]:
    """A net with the gradients of one step."""
    net = BandNet(dropout=0.0)
    plan = band_plan(net, freeze=freeze)
    router = Router(plan)
    router.backward(router.total(net.losses(*fields())))
    return net, plan.groups


def test_norms_are_those_of_the_groups() -> None:
    net, groups = stepped()
    for name, norm in gradient_norms(groups).items():
        expected = torch.cat([p.grad.flatten() for p in net.get_submodule(name).parameters()]).norm()
        torch.testing.assert_close(norm, expected)


def test_a_frozen_group_has_no_norm() -> None:
    _, groups = stepped(freeze=("backbone",))
    assert set(gradient_norms(groups)) == {"central", "quantiles"}


def test_only_the_large_group_shrinks() -> None:
    net, groups = stepped()
    for parameter in net.quantiles.parameters():
        parameter.grad *= 1e6
    before = gradients(net)
    limit = 2 * max(float(gradient_norms(groups)[name]) for name in ("backbone", "central"))
    clip_by_group(groups, limit)
    after = gradients(net)
    torch.testing.assert_close(gradient_norms(groups)["quantiles"], torch.tensor(limit), rtol=1e-5, atol=0)
    central = [name for name in before if not name.startswith("quantiles")]
    assert same_bits({name: before[name] for name in central}, {name: after[name] for name in central})


def test_a_nan_in_one_group_poisons_no_other() -> None:
    net, groups = stepped()
    net.quantiles[0][0].weight.grad[0] = float("nan")
    clip_by_group(groups, 0.01)
    spoilt = {name.split(".")[0] for name, gradient in gradients(net).items() if not gradient.isfinite().all()}
    assert spoilt == {"quantiles"}
    assert float(gradient_norms(groups)["backbone"]) <= 0.01 * 1.0001


def test_norms_that_were_measured_before_are_used_as_given() -> None:
    net, groups = stepped()
    before = gradients(net)
    clip_by_group(groups, 1.0, {name: 4 * torch.ones(()) for name in groups.names})
    for name, gradient in gradients(net).items():
        torch.testing.assert_close(gradient, before[name] / 4)


def test_one_norm_over_everything_is_made_of_those_that_were_measured_before() -> None:
    net, groups = stepped()
    before = gradients(net)
    whole = torch.cat([p.grad.flatten() for p in net.parameters()]).norm()
    clip_gradients(groups, float(whole) / 4, "global")
    for name, gradient in gradients(net).items():
        torch.testing.assert_close(gradient, before[name] / 4)
    clip_gradients(groups, 1.0, "global", {"backbone": torch.tensor(3.0), "central": torch.tensor(4.0)})
    for name, gradient in gradients(net).items():
        torch.testing.assert_close(gradient, before[name] / 20)


def test_groups_without_any_gradient_are_left_alone() -> None:
    net = BandNet()
    groups = band_plan(net).groups
    clip_by_group(groups, 1.0)
    assert all(float(norm) == 0 for norm in gradient_norms(groups).values())
    assert set(gradients(net).values()) == {None}

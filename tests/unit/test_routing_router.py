"""What a router refuses, and how it finds the scale that others put on the total."""

import pytest
import torch
from support.routed_nets import ROUTES, BandNet, band_plan, fields, gradients, same_bits
from torch import Tensor

from stq.errors import RoutingError
from stq.routing import Route, Router


def ready(routes: dict[str, Route] = ROUTES, freeze: tuple[str, ...] = ()) -> tuple[BandNet, Router, dict[str, Tensor]]:
    """A net, its router and the losses of one step."""
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net, routes, freeze=freeze))
    return net, router, net.losses(*fields())


def refusal(router: Router, losses: dict[str, Tensor]) -> str:
    """The text of the error that `total` raises."""
    with pytest.raises(RoutingError) as caught:
        router.total(losses)
    return str(caught.value)


def test_the_total_is_the_weighted_sum() -> None:
    _, router, losses = ready()
    total = router.total(losses)
    torch.testing.assert_close(total, losses["mse"] + 0.3 * losses["edges"] + losses["pinball"])


def test_a_loss_without_weight_may_be_nan() -> None:
    _, router, losses = ready({**ROUTES, "edges": Route(0.0, {"central": 1.0})})
    assert router.total({**losses, "edges": losses["edges"] * float("nan")}).isfinite()


@pytest.mark.parametrize("scale", [0.25, 1024.0])
def test_gradients_carry_the_scale_of_the_total(scale: float) -> None:
    net, router, losses = ready()
    router.backward(router.total(losses))
    once = gradients(net)
    net.zero_grad()
    router.backward(router.total(net.losses(*fields())) * scale)
    assert same_bits({name: scale * gradient for name, gradient in once.items()}, gradients(net))


def test_a_real_gradient_scaler_works_around_it() -> None:
    net, router, losses = ready()
    router.backward(router.total(losses))
    expected = gradients(net)
    net.zero_grad()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    optimiser = torch.optim.SGD(net.parameters(), lr=1.0)
    router.backward(scaler.scale(router.total(net.losses(*fields())) / 4))
    assert same_bits(gradients(net), {name: 2.0**10 * gradient for name, gradient in expected.items()})
    scaler.unscale_(optimiser)
    assert same_bits(gradients(net), {name: gradient / 4 for name, gradient in expected.items()})


def test_a_missing_loss_is_refused() -> None:
    _, router, losses = ready()
    del losses["edges"]
    assert "loss 'edges' has no value in this step" in refusal(router, losses)


def test_an_unknown_loss_is_refused() -> None:
    _, router, losses = ready()
    assert "loss 'ssim' has no route; there are: mse, edges, pinball" in refusal(
        router, {**losses, "ssim": losses["mse"]}
    )


def test_a_number_is_refused() -> None:
    _, router, losses = ready()
    assert "loss 'edges' is a float, not a tensor: it can move nothing" in refusal(router, {**losses, "edges": 0.5})


def test_a_vector_is_refused() -> None:
    _, router, losses = ready()
    assert "loss 'mse' has the shape (3,); a loss is a scalar" in refusal(router, {**losses, "mse": torch.ones(3)})


@pytest.mark.parametrize("loss", ["mse", "pinball"])
def test_a_constant_or_detached_loss_is_refused(loss: str) -> None:
    _, router, losses = ready()
    for dead in (torch.tensor(0.5), losses[loss].detach()):
        assert f"loss '{loss}' has no gradient" in refusal(router, {**losses, loss: dead})


@pytest.mark.parametrize("count", [torch.tensor(3), torch.tensor(True)])
def test_a_loss_that_counts_is_refused_with_its_type(count: Tensor) -> None:
    _, router, losses = ready()
    assert f"loss 'edges' of {count.dtype} has no gradient" in refusal(router, {**losses, "edges": count})
    assert "give it weight 0" in refusal(router, {**losses, "edges": count})


def test_losses_on_two_devices_are_refused_with_their_places() -> None:
    _, router, losses = ready()
    elsewhere = torch.ones((), device="meta", requires_grad=True)
    text = refusal(router, {**losses, "edges": elsewhere})
    assert "'mse' on cpu, 'edges' on meta" in text
    assert ".to()" in text


def test_without_gradients_the_total_is_a_number_and_nothing_is_remembered() -> None:
    """A validation may share the training step."""
    net, router, _ = ready()
    with torch.no_grad():
        total = router.total(net.losses(*fields()))
    assert not total.requires_grad
    with pytest.raises(RoutingError, match="without the losses of a step"):
        router.backward(total)


def test_a_step_that_was_refused_leaves_nothing_of_the_one_before() -> None:
    net, router, losses = ready()
    total = router.total(losses)
    refusal(router, {**net.losses(*fields()), "mse": torch.ones(2)})
    with pytest.raises(RoutingError, match="without the losses of a step"):
        router.backward(total)


def test_a_loss_that_moves_nothing_need_not_have_a_gradient() -> None:
    _, router, losses = ready({**ROUTES, "edges": Route(0.0, {"central": 1.0})})
    router.backward(router.total({**losses, "edges": torch.tensor(0.5)}))


def test_a_loss_whose_groups_are_all_frozen_need_not_have_a_gradient() -> None:
    net, router, _ = ready(freeze=("backbone", "central"))
    losses = net.losses(*fields())
    assert not losses["mse"].requires_grad
    router.backward(router.total(losses))
    assert {name.split(".")[0] for name, gradient in gradients(net).items() if gradient is not None} == {"quantiles"}


def test_all_faults_come_at_once() -> None:
    _, router, losses = ready()
    text = refusal(router, {"mse": losses["mse"].detach(), "edges": torch.ones(2), "ssim": losses["mse"]})
    for name in ("'mse' has no gradient", "'edges' has the shape", "'ssim' has no route", "'pinball' has no value"):
        assert name in text


@pytest.mark.parametrize("engine", ["pruned", "save-restore", "joint"])
def test_a_routed_parameter_that_no_permitted_loss_reaches_is_refused_by_name(engine: str) -> None:
    net = BandNet()
    net.central.register_parameter("spare", torch.nn.Parameter(torch.ones(2)))
    router = Router(band_plan(net), engine)
    with pytest.raises(RoutingError, match=r"central\.spare: none of mse, edges depends on it") as caught:
        router.backward(router.total(net.losses(*fields())))
    assert "freeze" in str(caught.value)
    assert "central.weight" not in str(caught.value)


def test_a_tag_without_a_path_is_refused() -> None:
    """The pinball loss alone is tagged for the central head, on which it does not depend."""
    routes = {
        "mse": Route(1.0, {"backbone": 1.0}),
        "edges": Route(1.0, {"backbone": 1.0}),
        "pinball": Route(1.0, {"central": 1.0, "quantiles": 1.0}),
    }
    _, router, losses = ready(routes)
    with pytest.raises(RoutingError, match=r"central\.weight: none of pinball depends on it"):
        router.backward(router.total(losses))


def test_a_backward_without_a_step_is_refused() -> None:
    _, router, losses = ready()
    with pytest.raises(RoutingError, match="without the losses of a step"):
        router.backward(losses["mse"])


def test_a_step_is_good_for_one_backward() -> None:
    _, router, losses = ready()
    total = router.total(losses)
    router.backward(total, retain_graph=True)
    with pytest.raises(RoutingError, match="without the losses of a step"):
        router.backward(total)


def test_a_loss_that_bypasses_the_total_is_refused() -> None:
    net, router, losses = ready()
    router.total(losses)
    with pytest.raises(RoutingError, match="does not depend on the total"):
        router.backward(losses["mse"])
    assert set(gradients(net).values()) == {None}


def test_a_term_that_was_added_to_the_total_is_refused() -> None:
    """It has no route, so that no engine would run it: a penalty would be dropped without a word."""
    net, router, losses = ready()
    penalty = net.backbone[0].weight.square().sum()
    with pytest.raises(RoutingError, match="added to the total") as caught:
        router.backward(router.total(losses) / 2 + 1e-4 * penalty)
    assert "backbone.0.weight" in str(caught.value)
    assert set(gradients(net).values()) == {None}


def test_a_constant_that_was_added_to_the_total_does_no_harm() -> None:
    net, router, losses = ready()
    router.backward(router.total(losses) + 1.0)
    assert None not in gradients(net).values()


def test_a_total_without_gradient_is_refused() -> None:
    _, router, losses = ready()
    total = router.total(losses)
    with pytest.raises(RoutingError, match="does not depend on the total"):
        router.backward(total.detach() / 2)


def test_a_probe_sees_losses_without_gradient_and_the_step_is_refused_after_it() -> None:
    """check-grads must be able to name a dead loss; training must not go on with it."""
    net, router, losses = ready()
    seen: list[str] = []
    router.probe = lambda plan, step, engine: bool(seen.append("looked")) or True
    total = router.total({**losses, "mse": losses["mse"].detach()})
    with pytest.raises(RoutingError, match="loss 'mse' has no gradient"):
        router.backward(total)
    assert seen == ["looked"]
    assert set(gradients(net).values()) == {None}


def test_a_probe_sees_a_step_in_which_no_loss_has_a_gradient() -> None:
    _, router, losses = ready()
    seen: list[str] = []
    router.probe = lambda plan, step, engine: bool(seen.append("looked"))
    router.backward(router.total({name: loss.detach() for name, loss in losses.items()}) / 2)
    assert seen == ["looked"]


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(RoutingError, match="no routing engine 'prune'; there are: pruned, save-restore, joint"):
        Router(band_plan(BandNet()), "prune")


def test_the_graph_is_let_go_of_unless_it_is_to_be_kept() -> None:
    net, router, losses = ready()
    router.backward(router.total(losses), retain_graph=True)
    router.backward(router.total(losses))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(losses["mse"], net.central.parameters())

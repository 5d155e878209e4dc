"""What a router refuses at its first step, before any gradient: a graph, or a module, that the plan doesn't fit."""

import copy
import pickle

import pytest
import torch
from support.routed_nets import PATTERNS, ROUTES, BandNet, band_plan, fields, gradients, same_bits
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint

from stq.errors import RoutingError
from stq.routing import Groups, Route, Router, plan_routes
from stq.routing._refusal import refuse


def refusal(router: Router, losses: dict[str, Tensor]) -> str:
    """The text of the error that the first backward raises; no parameter has a gradient by then."""
    with pytest.raises(RoutingError) as caught:
        router.backward(router.total(losses))
    assert all(p.grad is None for _, p in router.plan.groups.named_parameters(frozen=True))
    return str(caught.value)


class Checkpointed(nn.Module):
    """A backbone whose activations are computed again in the backward."""

    def __init__(self, backbone: nn.Module, reentrant: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.reentrant = reentrant

    def forward(self, fields: Tensor) -> Tensor:
        return checkpoint(self.backbone, fields, use_reentrant=self.reentrant)


def checkpointed(reentrant: bool) -> tuple[BandNet, dict[str, Tensor]]:
    """The band net with a checkpointed backbone, and its losses."""
    net = BandNet(dropout=0.0)
    net.backbone = Checkpointed(net.backbone, reentrant)
    inputs, truth = fields()
    return net, net.losses(inputs.requires_grad_(reentrant), truth)


def test_reentrant_checkpointing_is_refused_with_the_other_kind_as_remedy() -> None:
    net, losses = checkpointed(reentrant=True)
    assert "use_reentrant=False" in refusal(Router(band_plan(net)), losses)


def test_parameters_of_several_classes_may_meet_in_one_operation_that_is_not_compiled() -> None:
    net = nn.ParameterDict({"a": nn.Parameter(torch.tensor(2.0)), "b": nn.Parameter(torch.tensor(3.0))})
    routes = {"first": Route(1.0, {"a": 1.0}), "second": Route(1.0, {"b": 1.0})}
    router = Router(plan_routes(Groups.of(net, {"a": ["a"], "b": ["b"]}), routes))
    product = net["a"] * net["b"]
    router.backward(router.total({"first": product, "second": product}))
    assert [float(net[name].grad) for name in "ab"] == [3.0, 2.0]


def test_faults_are_told_one_a_line_under_what_they_have_in_common() -> None:
    for what, text in (("", "one\ntwo"), ("both:", "both:\n  one\n  two")):
        with pytest.raises(RoutingError) as caught:
            refuse(["one", "two"], what)
        assert str(caught.value) == text
    refuse([], "nothing")


def test_checkpointing_that_is_not_reentrant_gives_the_bits_of_none() -> None:
    net, losses = checkpointed(reentrant=False)
    plain = BandNet(dropout=0.0)
    for routed, found in ((net, losses), (plain, plain.losses(*fields()))):
        router = Router(band_plan(routed))
        router.backward(router.total(found))
    assert same_bits(
        {name.replace("backbone.backbone", "backbone"): value for name, value in gradients(net).items()},
        gradients(plain),
    )


def compiled(*names: str) -> tuple[BandNet, dict[str, Tensor]]:
    """The band net with the parts `names` compiled, or all of it, and its losses."""
    net = BandNet(dropout=0.0)
    for name in names:
        setattr(net, name, torch.compile(getattr(net, name), backend="aot_eager"))
    whole = net if names else torch.compile(net, backend="aot_eager")
    inputs, truth = fields()
    central, band = whole(inputs)
    return net, {
        "mse": (central - truth).square().mean(),
        "edges": central.diff(dim=-1).abs().mean(),
        "pinball": torch.stack([(field - truth).abs().mean() for field in band]).sum(),
    }


def test_a_compiled_net_of_two_classes_is_refused_with_its_parts_as_remedy() -> None:
    torch._dynamo.reset()
    net, losses = compiled()
    text = refusal(Router(band_plan(net)), losses)
    assert "one compiled region holds parameters of several classes" in text
    assert "(of quantiles)" in text
    assert "(of backbone, central)" in text
    assert "module.compile()" in text


def test_a_compiled_part_and_a_compiled_net_of_one_class_are_routed() -> None:
    torch._dynamo.reset()
    net, losses = compiled("backbone")
    router = Router(band_plan(net))
    with torch._functorch.config.patch(donated_buffer=False):
        router.backward(router.total(losses))
    assert None not in gradients(net).values()
    net, losses = compiled()
    one = {name: Route(1.0, {"all": 1.0}) for name in losses}
    router = Router(plan_routes(Groups.of(net, {"all": ["*"]}), one))
    router.backward(router.total(losses))
    assert None not in gradients(net).values()


def test_a_weight_that_is_tied_after_the_plan_is_refused_by_name() -> None:
    net = BandNet()
    router = Router(band_plan(net))
    net.quantiles[1][2].bias = net.central.bias
    text = refusal(router, net.losses(*fields()))
    assert "quantiles.1.2.bias is no longer a parameter of the module" in text
    assert "make the groups once the module is complete" in text


def test_a_frozen_weight_that_is_tied_to_a_trained_one_after_the_plan_is_refused() -> None:
    """It would move with its twin, and no gradient would tell."""
    net = BandNet()
    router = Router(band_plan(net, freeze=["central"]))
    net.central.bias = net.quantiles[1][2].bias
    assert "central.bias is no longer a parameter" in refusal(router, net.losses(*fields()))


def test_a_weight_that_is_normalised_after_the_plan_is_refused() -> None:
    net = BandNet()
    router = Router(band_plan(net))
    parametrizations.weight_norm(net.central)
    assert "central.weight is no longer a parameter" in refusal(router, net.losses(*fields()))


def test_a_weight_that_is_normalised_before_the_plan_is_routed() -> None:
    net = BandNet(dropout=0.0)
    parametrizations.weight_norm(net.central)
    router = Router(band_plan(net))
    router.backward(router.total(net.losses(*fields())))
    assert None not in gradients(net).values()


def test_a_parametrisation_that_keeps_the_weight_itself_is_routed() -> None:
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    parametrize.register_parametrization(net.central, "weight", nn.Tanh())
    router.backward(router.total(net.losses(*fields())))
    assert net.central.parametrizations.weight.original.grad is not None


def test_a_parameter_that_was_frozen_by_hand_after_the_plan_is_refused() -> None:
    net = BandNet()
    router = Router(band_plan(net))
    net.central.bias.requires_grad_(False)
    assert "central.bias was frozen after the groups were made; name its group under freeze" in refusal(
        router, net.losses(*fields())
    )


def test_only_the_first_step_is_examined() -> None:
    """The walk over the graph costs milliseconds; a parameter that a later step misses is refused afterwards."""
    net = BandNet(dropout=0.0)
    router = Router(band_plan(net))
    router.backward(router.total(net.losses(*fields())))
    net.zero_grad()
    losses = net.losses(*fields())
    with pytest.raises(RoutingError, match=r"quantiles\.0\.0\.weight: none of pinball depends on it"):
        router.backward(router.total({**losses, "pinball": losses["mse"] * 1.0}))


def test_a_process_whose_step_is_fine_stops_with_the_one_that_refuses() -> None:
    net = BandNet()
    router = Router(band_plan(net))
    asked: list[bool] = []
    with pytest.raises(RoutingError, match="another process refused its first step"):
        router.backward(router.total(net.losses(*fields())), agree=lambda fine: bool(asked.append(fine)))
    assert asked == [True]
    assert set(gradients(net).values()) == {None}


def test_the_processes_are_asked_once_also_where_this_one_refuses() -> None:
    net = BandNet()
    net.central.register_parameter("spare", nn.Parameter(torch.ones(2)))
    router = Router(band_plan(net))
    asked: list[bool] = []
    with pytest.raises(RoutingError, match=r"central\.spare"):
        router.backward(router.total(net.losses(*fields())), agree=lambda fine: bool(asked.append(fine)))
    assert asked == [False]
    net, router = BandNet(dropout=0.0), Router(band_plan(BandNet()))
    router = Router(band_plan(net))
    for _ in range(2):
        router.backward(router.total(net.losses(*fields())), agree=lambda fine: bool(asked.append(fine)) or True)
    assert asked == [False, True]


class Routed(nn.Module):
    """A module that holds its router, as a Lightning module does."""

    def __init__(self) -> None:
        super().__init__()
        self.net = BandNet(dropout=0.0)
        self.router = Router(band_plan(self.net))

    def step(self) -> None:
        self.router.backward(self.router.total(self.net.losses(*fields())))


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_a_copy_routes_its_own_parameters_also_in_the_middle_of_a_step(way: str) -> None:
    module = Routed()
    module.router.total(module.net.losses(*fields()))  # its backward hasn't come yet
    twin = copy.deepcopy(module) if way == "deepcopy" else pickle.loads(pickle.dumps(module))
    twin.step()
    assert None not in gradients(twin).values()
    assert set(gradients(module).values()) == {None}
    held = {id(p) for _, p in twin.router.plan.groups.named_parameters()}
    assert held == {id(p) for p in twin.parameters()}
    with pytest.raises(RoutingError, match="without the losses of a step"):
        copy.deepcopy(module).router.backward(torch.tensor(0.0))
    assert PATTERNS.keys() == {group.name for group in twin.router.plan.groups}
    assert twin.router.plan.routes == ROUTES

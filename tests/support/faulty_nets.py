"""Nets and losses with one fault each, and hands that spoil a sound one once its groups are made."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from support.routed_nets import PATTERNS, ROUTES, BandNet, RoutedModule, adamw, band_plan
from torch import Tensor, nn

from stq.routing import Engine, Route, Router

Losses = dict[str, Tensor]


def routed(
    net: nn.Module | None = None,
    engine: str | Engine = "pruned",
    routes: Mapping[str, Route] = ROUTES,
    freeze: tuple[str, ...] = (),
    after: Callable[[nn.Module], None] | None = None,
    kind: type[RoutedModule] = RoutedModule,
    patterns: Mapping[str, list[str]] = PATTERNS,
) -> RoutedModule:
    """The band net, or another, under a router; `after` comes when the groups are made."""
    net = BandNet() if net is None else net
    plan = band_plan(net, routes, patterns, freeze)
    if after is not None:
        after(net)
    return kind(net, Router(plan, engine), adamw)


def with_losses(change: Callable[[Losses], Losses]) -> Callable[[], RoutedModule]:
    """The band net with other losses."""

    class Changed(BandNet):
        def losses(self, fields: Tensor, truth: Tensor) -> Losses:
            return change(super().losses(fields, truth))

    return lambda: routed(Changed())


def with_features(change: Callable[[Tensor], Tensor]) -> Callable[[], RoutedModule]:
    """The band net with something between its backbone and its heads."""

    class Changed(BandNet):
        def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
            features = change(self.backbone(fields))
            return self.central(features), [head(features) for head in self.quantiles]

    return lambda: routed(Changed())


class NoBackward(torch.autograd.Function):
    """A function whose author forgot its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return torch.zeros_like(g)


class Infinite(NoBackward):
    """A function with a finite value and a gradient that is not."""

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g / 0.0


class UnderNoGrad(BandNet):
    """A forward pass for evaluation, used in training."""

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        with torch.no_grad():
            return super().losses(fields, truth)


class Adapted(BandNet):
    """A net whose forward pass uses an adapter, once it has one."""

    def __init__(self) -> None:
        super().__init__()
        self.adapter: nn.Module | None = None

    def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = self.backbone(fields)
        features = features if self.adapter is None else features + self.adapter(features)
        return self.central(features), [head(features) for head in self.quantiles]


def adapt(net: nn.Module) -> None:
    """Give the net its adapter."""
    net.adapter = nn.Conv2d(4, 4, 1)


def half_frozen() -> BandNet:
    """The first layer of the backbone is not to be trained."""
    net = BandNet()
    net.backbone[0].requires_grad_(False)
    return net


def thaw(net: nn.Module) -> None:
    """Everything is to be trained after all."""
    net.requires_grad_(True)


def tie(net: nn.Module) -> None:
    """A layer of a quantile head becomes that of the backbone, as one object."""
    net.quantiles[0][0] = net.quantiles[1][0]


def share_memory(net: nn.Module) -> None:
    """A bias of a quantile head becomes a view of one of the backbone's."""
    net.quantiles[0][0].bias.data = net.backbone[0].bias.data[:3]


def spare(net: nn.Module) -> None:
    """A parameter that nothing uses."""
    net.central.register_parameter("spare", nn.Parameter(torch.ones(2)))


def with_spare() -> BandNet:
    net = BandNet()
    spare(net)
    return net


def clip_by_hook(net: nn.Module) -> None:
    """Every pass through the backbone is shortened by itself, so that separate passes don't add up to one."""
    for parameter in net.backbone.parameters():
        parameter.register_hook(lambda g: g * min(1.0, 1e-3 / float(g.norm())))


def copy_by_hook(net: nn.Module) -> None:
    """Whatever a quantile head accumulates moves the backbone."""

    def copy(parameter: Tensor) -> None:
        bias = net.backbone[0].bias
        bias.grad = (torch.zeros_like(bias) if bias.grad is None else bias.grad) + parameter.grad.sum()

    net.quantiles[0][0].bias.register_post_accumulate_grad_hook(copy)


def add_by_hook(net: nn.Module) -> None:
    """Whatever a quantile head accumulates is added to the gradient of the backbone, where there is one already."""

    def add(parameter: Tensor) -> None:
        bias = net.backbone[0].bias
        if bias.grad is not None:
            bias.grad.add_(parameter.grad.sum())

    net.quantiles[0][0].bias.register_post_accumulate_grad_hook(add)


def carry_by_hook(net: nn.Module) -> None:
    """A gradient hook remembers what flows in a quantile head, and another adds it to the central head."""
    seen: list[Tensor] = []
    net.quantiles[1][2].weight.register_hook(lambda g: seen.append(g.sum()))
    net.central.bias.register_hook(lambda g: g + sum(seen))


def step_by_hook(net: nn.Module) -> None:
    """An optimiser in the backward, as it is done to save memory."""

    def step(parameter: Tensor) -> None:
        with torch.no_grad():
            parameter.sub_(parameter.grad, alpha=0.01)
        parameter.grad = None

    for parameter in net.parameters():
        parameter.register_post_accumulate_grad_hook(step)


def stopped(x: Tensor) -> Tensor:
    """The same, with a hook that lets nothing through."""
    if x.requires_grad:
        x.register_hook(torch.zeros_like)
    return x


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[], RoutedModule]:
    """The band net with one loss replaced."""
    return with_losses(lambda losses: {**losses, name: change(losses[name])})

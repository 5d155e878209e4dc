"""Lightning modules with one fault each, in themselves or in their nets, and tables that can not be made."""

from collections.abc import Callable
from typing import Any

import torch
from pytorch_lightning import LightningModule
from support.faulty_engines import too_long
from support.faulty_nets import (
    Adapted,
    Infinite,
    NoBackward,
    UnderNoGrad,
    adapt,
    add_by_hook,
    carry_by_hook,
    changed,
    clip_by_hook,
    copy_by_hook,
    half_frozen,
    routed,
    share_memory,
    step_by_hook,
    stopped,
    thaw,
    tie,
    with_features,
    with_losses,
    with_spare,
)
from support.routed_nets import PATTERNS, ROUTES, BandNet, RoutedModule
from torch import Tensor, nn

from stq.routing import Groups, Route, RoutedBackward, plan_routes

Faulty = LightningModule


class SecondBackward(RoutedModule):
    """Runs a backward of its own after the routed one."""

    def training_step(self, batch: Any, index: int) -> Tensor:
        losses = self.net.losses(*batch)
        self.beside = losses["pinball"]
        return self.router.total(losses)

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        super().backward(loss, retain_graph=True)
        torch.autograd.backward([0.01 * self.beside])


class AddsAfterwards(RoutedModule):
    """Adds to the gradients when the backward is done."""

    def on_after_backward(self) -> None:
        for parameter in self.net.central.parameters():
            if parameter.grad is not None:
                parameter.grad.add_(0.01)


def ending(change: Callable[[nn.Parameter], None]) -> type[RoutedModule]:
    """A module that does something to the backbone's gradients when the backward is done."""

    class Ending(RoutedModule):
        def on_after_backward(self) -> None:
            for parameter in self.net.backbone.parameters():
                change(parameter)

    return Ending


def without(parameter: nn.Parameter) -> None:
    """No gradient is left."""
    parameter.grad = None


class TouchesTheFrozen(RoutedModule):
    """Gives what is frozen a gradient when the backward is done."""

    def on_after_backward(self) -> None:
        for parameter in self.net.backbone.parameters():
            parameter.grad = torch.zeros_like(parameter)


class AddsATerm(RoutedModule):
    """A penalty that no route knows."""

    def training_step(self, batch: Any, index: int) -> Tensor:
        return super().training_step(batch, index) + 0.1 * self.net.central.weight.square().sum()


class Turned(RoutedModule):
    """Climbs."""

    def training_step(self, batch: Any, index: int) -> Tensor:
        return -super().training_step(batch, index)


class Switched(RoutedModule):
    """Multiplies everything by zero."""

    def training_step(self, batch: Any, index: int) -> Tensor:
        return 0.0 * super().training_step(batch, index)


class ByHand(RoutedModule):
    """Manual optimisation."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.automatic_optimization = False


class Unrouted(RoutedModule):
    """Gives Lightning a total that the router never saw."""

    def training_step(self, batch: Any, index: int) -> Tensor:
        return torch.stack(list(self.net.losses(*batch).values())).sum()


class WithoutRouter(RoutedModule):
    """Nobody set it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        del self.router


TOO_WIDE = {**ROUTES, "mse": Route(1.0, {"backbone": 1.0, "central": 1.0, "quantiles": 1.0})}
FORGOTTEN = {name: PATTERNS[name] for name in ("backbone", "central")}

FAULTY: dict[str, tuple[Callable[[], Faulty], str, str]] = {
    "a tag too wide": (lambda: routed(routes=TOO_WIDE), "dead", "mse may move quantiles"),
    "hard binning": (
        changed("edges", lambda loss: loss.detach().round()),
        "dead",
        "edges may move backbone and has no graph",
    ),
    "hard binning with a graph": (
        changed("edges", lambda loss: 0.0 * loss + loss.detach().round()),
        "dead",
        "edges may move backbone and has no gradient",
    ),
    "a detached output": (with_features(lambda x: x.detach()), "dead", "mse may move backbone"),
    "a forward under no_grad": (
        lambda: routed(UnderNoGrad()),
        "dead",
        "the group quantiles receives no gradient at all",
    ),
    "a function without backward": (with_features(NoBackward.apply), "dead", "mse may move backbone"),
    "a function with an infinite one": (with_features(Infinite.apply), "nonfinite", "mse or its gradient on backbone"),
    "a hook that stops the gradient": (
        with_features(lambda x: stopped(x)),
        "dead",
        "mse may move backbone and has no gradient there",
    ),
    "a loss that is not a number": (
        changed("mse", lambda loss: loss * float("nan")),
        "nonfinite",
        "mse or its gradient",
    ),
    "an infinite loss": (
        changed("pinball", lambda loss: loss / 0.0),
        "nonfinite",
        "pinball or its gradient on quantiles",
    ),
    "0/0 under a root": (changed("mse", lambda loss: loss + (loss - loss).sqrt()), "nonfinite", "mse or its gradient"),
    "a parameter that nothing uses": (lambda: routed(with_spare()), "starved", "central.spare"),
    "a layer of zeros": (with_features(lambda x: 0.0 * x), "dead", "mse may move backbone"),
    "thawed afterwards": (
        lambda: routed(half_frozen(), after=thaw),
        "starved",
        "nothing moves it: net.backbone.0.weight",
    ),
    "thawed, and the original recipe": (
        lambda: routed(half_frozen(), "save-restore", after=thaw),
        "leak",
        "is moved by mse, edges, pinball: net.backbone.0.weight",
    ),
    "added afterwards": (lambda: routed(Adapted(), after=adapt), "starved", "nothing moves it: net.adapter.weight"),
    "added, and no isolation": (
        lambda: routed(Adapted(), "joint", after=adapt),
        "leak",
        "is moved by mse, edges, pinball: net.adapter.weight",
    ),
    "tied afterwards": (lambda: routed(after=tie), "starved", "quantiles.0.0.weight of quantiles receives no gradient"),
    "on one memory": (lambda: routed(after=share_memory), "leak", "share their memory"),
    "a hook that copies": (
        lambda: routed(after=copy_by_hook),
        "leak",
        "pinball changes what the other losses give to b",
    ),
    "a hook that adds to what was accumulated": (
        lambda: routed(after=add_by_hook),
        "leak",
        "pinball changes what the other losses give to b",
    ),
    "a hook that carries": (lambda: routed(after=carry_by_hook), "leak", "pinball changes what the other"),
    "a second backward": (lambda: routed(kind=SecondBackward), "mismatch", "backbone are not those of the engine"),
    "a gradient added afterwards": (
        lambda: routed(kind=AddsAfterwards),
        "mismatch",
        "central are not those of the eng",
    ),
    "a frozen gradient afterwards": (
        lambda: routed(kind=TouchesTheFrozen, freeze=("backbone",)),
        "leak",
        "backbone.0.weight has a gradient that the engine did not give",
    ),
    "turned around afterwards": (
        lambda: routed(kind=ending(lambda p: p.grad.neg_())),
        "mismatch",
        "backbone point away from the engine's",
    ),
    "zeroed afterwards": (
        lambda: routed(kind=ending(lambda p: p.grad.zero_())),
        "mismatch",
        "backbone point away from the engine's",
    ),
    "lost afterwards": (
        lambda: routed(kind=ending(without)),
        "starved",
        "backbone.0.weight has lost the gradient",
    ),
    "too long, under hooks that clip": (
        lambda: routed(after=clip_by_hook, engine=too_long),
        "mismatch",
        "differ from those of save-restore",
    ),
    "uphill": (lambda: routed(kind=Turned), "mismatch", "multiplied by -1"),
    "multiplied by zero": (lambda: routed(kind=Switched), "mismatch", "multiplied by 0"),
    "an optimiser in the backward": (lambda: routed(after=step_by_hook), "refused", "moves the weights of"),
    "a term without a route": (lambda: routed(kind=AddsATerm), "refused", "a term was added to the total"),
    "a loss that is no scalar": (changed("mse", lambda loss: loss.repeat(3)), "refused", "'mse' has the shape (3,)"),
    "a loss that is missing": (
        with_losses(lambda ls: {"mse": ls["mse"], "edges": ls["edges"]}),
        "refused",
        "'pinball' has no",
    ),
    "a loss that has no route": (with_losses(lambda ls: {**ls, "more": ls["mse"]}), "refused", "'more' has no route"),
    "frozen afterwards": (
        lambda: routed(after=lambda net: net.central.requires_grad_(False)),
        "refused",
        "central.weight was frozen after the groups were made",
    ),
    "optimised by hand": (lambda: routed(kind=ByHand), "refused", "leaves no place to route"),
    "a total that was not routed": (lambda: routed(kind=Unrouted), "refused", "without the losses of a step"),
    "no router": (lambda: routed(kind=WithoutRouter), "refused", "has no router"),
}
"""Each with the kind of fault and words of the text; `refused` where there is nothing to audit."""


def tied_groups() -> Groups:
    """One weight in two groups."""
    net = BandNet()
    net.quantiles[0][0].weight = net.quantiles[1][0].weight
    return Groups.of(net, {**PATTERNS, "quantiles": ["quantiles.0.*"], "others": ["quantiles.1.*"]})


def wrong_order() -> type:
    """Lightning's backward stands first."""
    return type("WrongOrder", (LightningModule, RoutedBackward), {})


UNMADE: dict[str, tuple[Callable[[], object], str]] = {
    "tied across groups": (tied_groups, "is in two groups"),
    "a forgotten group": (lambda: Groups.of(BandNet(), FORGOTTEN), "is in no group"),
    "a pattern without match": (
        lambda: Groups.of(BandNet(), {**PATTERNS, "more": ["heads.*"]}),
        "matches no parameter",
    ),
    "a group that no loss moves": (
        lambda: plan_routes(Groups.of(BandNet(), PATTERNS), {"mse": ROUTES["mse"]}),
        "updates the group 'quantiles'",
    ),
    "bases in the wrong order": (wrong_order, "its backward would run unrouted"),
    "a tag that doesn't exist": (
        lambda: plan_routes(Groups.of(BandNet(), PATTERNS), {**ROUTES, "more": Route(1.0, {"centrall": 1.0})}),
        "did you mean 'central'?",
    ),
}
"""Faults that are refused when groups and table are made."""

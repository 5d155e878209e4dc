"""Modules that are unusual and right: no audit may complain of them."""

from collections.abc import Callable
from typing import Any

import torch
from pytorch_lightning import LightningModule
from support.faulty_engines import pass_by_pass
from support.faulty_nets import routed, with_features
from support.routed_nets import ALL_SOFT, ROUTES, BandNet, RoutedModule, adamw, band_plan, weighted
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from stq.routing import Route, RoutedBackward, Router

Losses = dict[str, Tensor]


def net_with(
    backbone: nn.Module | None = None,
    forward: Callable[[nn.Module, Tensor], Tensor] | None = None,
    losses: Callable[[Losses], Losses] | None = None,
) -> BandNet:
    """The band net with another backbone, another way through it, or other losses."""

    class Changed(BandNet):
        def __init__(self) -> None:
            super().__init__()
            if backbone is not None:
                self.backbone = backbone

        def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
            features = self.backbone(fields) if forward is None else forward(self.backbone, fields)
            return self.central(features), [head(features) for head in self.quantiles]

        def losses(self, fields: Tensor, truth: Tensor) -> Losses:
            found = super().losses(fields, truth)
            return found if losses is None else losses(found)

    return Changed()


class InAutocast(BandNet):
    """Runs in half precision where torch would."""

    dtype = torch.bfloat16

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        with torch.autocast("cpu", self.dtype):
            return super().losses(fields, truth)


class InHalf(InAutocast):
    dtype = torch.float16


class Embedded(BandNet):
    """Adds a row of a table, whose gradient is sparse, and a complex filter."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"net": self.backbone, "table": nn.Embedding(8, 4, sparse=True)})
        self.backbone.filter = nn.Parameter(torch.randn(4, 5, 4, dtype=torch.complex64))
        self.backbone.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
        rows = self.backbone["table"](torch.arange(len(fields)))[:, :, None, None]
        spectrum = torch.fft.rfft2(self.backbone["net"](fields)) * self.backbone.filter
        features = torch.fft.irfft2(spectrum, s=fields.shape[-2:]) * self.backbone.gain + rows
        return self.central(features), [head(features) for head in self.quantiles]


class Physical(BandNet):
    """A loss on the gradient of the forecast with respect to its inputs, which ask for a gradient themselves."""

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        fields = fields.clone().requires_grad_()
        central, band = self(fields)
        (slope,) = torch.autograd.grad(central.sum(), fields, create_graph=True)
        bands = torch.stack([(field - truth).abs().mean() for field in band])
        return {"mse": (central - truth).square().mean(), "edges": slope.square().mean(), "pinball": bands.sum()}


class Distilled(BandNet):
    """Learns from a teacher that nobody froze, and that runs without a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone.teacher = nn.Conv2d(2, 1, 1)

    def losses(self, fields: Tensor, truth: Tensor) -> Losses:
        with torch.no_grad():
            taught = self.backbone.teacher(fields)
        return super().losses(fields, truth + taught)

    def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = self.backbone[:5](fields)
        return self.central(features), [head(features) for head in self.quantiles]


class Flat(BandNet):
    """All parameters are views, side by side, of one buffer."""

    def __init__(self) -> None:
        super().__init__()
        whole = torch.cat([p.detach().flatten() for p in self.parameters()])
        start = 0
        for parameter in self.parameters():
            parameter.data = whole[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()


class Interleaved(BandNet):
    """Two parameters of two groups take turns in one buffer, and share no byte of it."""

    def __init__(self) -> None:
        super().__init__()
        whole = torch.zeros(8)
        self.backbone[0].bias.data = whole[0::2]
        self.quantiles[0][0].bias.data = whole[1::2][:3]


class Reversed(torch.autograd.Function):
    """The gradient reversal of adversarial training."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return -0.3 * g


class Clips(RoutedModule):
    """Shortens its gradients when the backward is done, scales its loss, and plans a schedule on a metric."""

    def on_after_backward(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1e-3)

    def configure_optimizers(self) -> Any:
        optimiser = adamw(self.net.parameters())
        plan = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": plan, "monitor": "never logged"}}

    def validation_step(self, batch: Any, index: int) -> None:
        raise AssertionError("an audit validates nothing")


class Late(RoutedBackward, LightningModule):
    """Is built when training is set up, on the class's own account."""

    def configure_model(self) -> None:
        if not hasattr(self, "net"):
            self.net = BandNet()
            self.router = Router(band_plan(self.net, ALL_SOFT))

    def training_step(self, batch: Any, index: int) -> Any:
        losses = self.net.losses(*batch)
        self.log("mse", losses["mse"])
        return {"loss": self.router.total(losses) / 3, "extra": 1}

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def clamping_where_they_lie(net: nn.Module) -> None:
    """Every gradient is clamped once it was accumulated."""

    def clamp(parameter: Tensor) -> None:
        parameter.grad.clamp_(-1e-3, 1e-3)

    for parameter in net.parameters():
        parameter.register_post_accumulate_grad_hook(clamp)


def clipping_hooks(net: nn.Module) -> None:
    """Every gradient is clamped on its way, so much that it shows."""
    for parameter in net.parameters():
        parameter.register_hook(lambda g: g.clamp(-1e-3, 1e-3))


def masking_hooks(net: nn.Module) -> None:
    """Half of every gradient is held still, as in sparse training."""
    for parameter in net.parameters():
        parameter.register_hook(lambda g: g * (torch.arange(g.numel()).view_as(g) % 2 == 0))


def clamped(x: Tensor) -> Tensor:
    """Features whose gradient is clamped."""
    if x.requires_grad:
        x.register_hook(lambda g: g.clamp(-1e-4, 1e-4))
    return x


def normed() -> nn.Sequential:
    """Batch statistics behind a convolution whose bias they cancel, but for rounding."""
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 1))


def wild() -> nn.Sequential:
    """Activations from 1e-9 to 1e9."""
    net = nn.Sequential(nn.Conv2d(2, 4, 1), nn.Tanh(), nn.Conv2d(4, 4, 1))
    with torch.no_grad():
        net[0].weight.mul_(1e-9)
        net[0].bias.mul_(1e-9)
        net[2].weight.mul_(1e9)
    return net


def compiled() -> BandNet:
    """The backbone compiled, without a compiler's passes."""
    net = BandNet(dropout=0.0)
    net.backbone.compile(backend="aot_eager")
    return net


def split(losses: Losses) -> Losses:
    """One loss is made of the others."""
    return {**losses, "edges": losses["mse"].sqrt() * losses["mse"].detach() + losses["edges"]}


def twice(backbone: nn.Module, fields: Tensor) -> Tensor:
    """The last layers are used twice."""
    return backbone[3:](backbone(fields))


ONE = {name: Route(1.0, {"all": 1.0}) for name in ROUTES}
EQUAL = {"mse": ROUTES["mse"], "edges": Route(1.0, {"backbone": 1.0, "central": 1.0}), "pinball": ROUTES["pinball"]}
IDLE = {**ROUTES, "edges": Route(0.0, {"central": 1.0})}

ODD: dict[str, Callable[[], LightningModule]] = {
    "soft everywhere": lambda: routed(routes=ALL_SOFT),
    "one group": lambda: routed(routes=ONE, patterns={"all": ["*"]}),
    "equal columns": lambda: routed(routes=EQUAL),
    "a loss without weight": lambda: routed(routes=IDLE),
    "frozen backbone": lambda: routed(freeze=("backbone",)),
    "only quantiles train": lambda: routed(freeze=("backbone", "central"), routes=ALL_SOFT),
    "batch normalisation, in place": lambda: routed(net_with(normed()), routes=ALL_SOFT),
    "weight normalisation": lambda: routed(
        net_with(nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 4, 1)), nn.Tanh())),
        routes=ALL_SOFT,
    ),
    "recomputed activations": lambda: routed(
        net_with(forward=lambda net, x: checkpoint(net, x, use_reentrant=False)), routes=ALL_SOFT
    ),
    "a compiled part": lambda: routed(compiled(), routes=ALL_SOFT),
    "weights used twice": lambda: routed(net_with(forward=twice), routes=ALL_SOFT),
    "a loss made of others": lambda: routed(net_with(losses=split), routes=ALL_SOFT),
    "sparse, complex and scalar parameters": lambda: routed(Embedded(), routes=ALL_SOFT),
    "inputs with a gradient": lambda: routed(Physical(), routes=ALL_SOFT),
    "such, under the original recipe": lambda: routed(Physical(), "save-restore", routes=ALL_SOFT),
    "parameters in one buffer": lambda: routed(Flat(), routes=ALL_SOFT),
    "parameters in turn in one buffer": lambda: routed(Interleaved(), routes=ALL_SOFT),
    "a wild range": lambda: routed(net_with(wild()), routes=ALL_SOFT),
    "tiny weights": lambda: routed(routes=weighted(ALL_SOFT, 1e-30)),
    "large weights": lambda: routed(routes=weighted(ALL_SOFT, 1e20)),
    "bfloat16 by autocast": lambda: routed(InAutocast(), routes=ALL_SOFT),
    "such, in another order": lambda: routed(InAutocast(), pass_by_pass, routes=ALL_SOFT),
    "float16 by autocast": lambda: routed(InHalf(), routes=ALL_SOFT),
    "another order": lambda: routed(engine=pass_by_pass, routes=ALL_SOFT),
    "reversed gradients": with_features(Reversed.apply),
    "clamped gradients of features": with_features(clamped),
    "clamped gradients": lambda: routed(after=clipping_hooks, routes=ALL_SOFT),
    "masked gradients": lambda: routed(after=masking_hooks, routes=ALL_SOFT),
    "gradients clamped where they lie": lambda: routed(after=clamping_where_they_lie, routes=ALL_SOFT),
    "clipped afterwards, with a plateau": lambda: routed(kind=Clips, routes=ALL_SOFT),
    "built late": Late,
    "scaled": lambda: scaled(1e-3),
}


def scaled(factor: float) -> RoutedModule:
    """The total is multiplied by a number that is no power of two."""
    module = routed(routes=ALL_SOFT)
    module.scale_loss = factor
    return module

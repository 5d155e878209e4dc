"""Small nets whose losses are routed: for loops of one's own and for a real Lightning Trainer."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from stq.routing import (
    Engine,
    Groups,
    Plan,
    Route,
    RoutedBackward,
    Router,
    Step,
    clip_by_group,
    gradient_norms,
    plan_routes,
)

State = dict[str, Tensor]
Gradients = dict[str, Tensor | None]

PATTERNS = {"backbone": ["backbone.*"], "central": ["central.*"], "quantiles": ["quantiles.*"]}
ROUTES = {
    "mse": Route(1.0, {"backbone": 1.0, "central": 1.0}),
    "edges": Route(0.3, {"backbone": 1.0, "central": 1.0}),
    "pinball": Route(1.0, {"quantiles": 1.0}),
}
SOFT = {**ROUTES, "pinball": Route(1.0, {"quantiles": 1.0, "backbone": 0.05})}
ALL_SOFT = {
    "mse": Route(1.0, {"backbone": 0.3, "central": 0.7}),
    "edges": Route(2.0, {"backbone": 0.6, "central": 0.1}),
    "pinball": Route(1.0, {"backbone": 0.05, "quantiles": 1.0}),
}

Probe = Callable[[Plan, Step, Engine], bool]

SILENCED = (
    "The 'train_dataloader' does not have many workers",  # four batches in memory need none
    "Found .* module\\(s\\) in eval mode at the start of training",  # what is frozen
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",  # Lightning #21326: its own call into torch
)


class BandNet(nn.Module):
    """Backbone of two convolutions with dropout, a central head, and any number of quantile heads.

    Every part draws its initial weights from a stream of its own, and dropout runs before any head, so that neither
    the weights nor the masks of backbone and central head depend on what hangs beside them.
    """

    def __init__(self, quantile_heads: int = 2, dropout: float = 0.3, seed: int = 0) -> None:
        super().__init__()
        with own_stream(seed, 0):
            self.backbone = nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1), nn.Tanh(), nn.Dropout(dropout), nn.Conv2d(4, 4, 3, padding=1), nn.Tanh()
            )
        with own_stream(seed, 1):
            self.central = nn.Conv2d(4, 1, 1)
        with own_stream(seed, 2):
            self.quantiles = nn.ModuleList(
                nn.Sequential(nn.Conv2d(4, 3, 1), nn.Tanh(), nn.Conv2d(3, 1, 1)) for _ in range(quantile_heads)
            )

    def forward(self, fields: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The central field and one field for each quantile head, which reads the attached features."""
        features = self.backbone(fields)
        return self.central(features), [head(features) for head in self.quantiles]

    def losses(self, fields: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """`mse` and `edges` (differences along x) of the central field; `pinball` where there are quantile heads."""
        central, band = self(fields)
        found = {
            "mse": (central - truth).square().mean(),
            "edges": (central.diff(dim=-1) - truth.diff(dim=-1)).abs().mean(),
        }
        if band:
            found["pinball"] = torch.stack(
                [pinball(field, truth, (i + 1) / (len(band) + 1)) for i, field in enumerate(band)]
            ).sum()
        return found


class RoutedModule(RoutedBackward, LightningModule):
    """A net with a `losses` method, trained by Lightning's automatic optimisation."""

    def __init__(
        self,
        net: nn.Module,
        router: Router,
        optimiser: Callable[[Any], torch.optim.Optimizer],
        *,
        clip: float | None = None,
        scale_loss: float = 1.0,
    ) -> None:
        super().__init__()
        self.net = net
        self.router = router
        self.optimiser = optimiser
        self.clip = clip
        self.scale_loss = scale_loss
        self.clipped = 0

    def training_step(self, batch: Sequence[Tensor], index: int) -> Tensor:
        """The total of the routed losses of one batch."""
        return self.router.total(self.net.losses(*batch)) * self.scale_loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """One optimiser over everything, frozen parameters included: only an absent gradient holds them still."""
        return self.optimiser(self.net.parameters())

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Each routing group by itself."""
        if self.clip is not None:
            groups = self.router.plan.groups
            norms = gradient_norms(groups)
            self.clipped += sum(float(norm) > self.clip for norm in norms.values())
            clip_by_group(groups, self.clip, norms)


def adamw(parameters: Any) -> torch.optim.Optimizer:
    """AdamW with a weight decay that would show on anything that is not left alone."""
    return torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1)


def momentum(parameters: Any) -> torch.optim.Optimizer:
    """SGD with momentum and weight decay: it moves whatever has a gradient, zeros included."""
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.1)


def band_plan(
    net: nn.Module,
    routes: Mapping[str, Route] = ROUTES,
    patterns: Mapping[str, Sequence[str]] = PATTERNS,
    freeze: Sequence[str] = (),
) -> Plan:
    """The plan of the reference table."""
    return plan_routes(Groups.of(net, patterns, freeze), routes)


def weighted(routes: Mapping[str, Route], factor: float) -> dict[str, Route]:
    """The routes with every weight multiplied."""
    return {name: Route(factor * route.weight, route.updates) for name, route in routes.items()}


def fields(count: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` samples of 2 input fields and 1 target field, 5 x 6."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 2, 5, 6, generator=generator), torch.randn(count, 1, 5, 6, generator=generator)


def fit(
    engine: str | Engine = "pruned",
    *,
    net: nn.Module | None = None,
    routes: Mapping[str, Route] = ROUTES,
    patterns: Mapping[str, Sequence[str]] = PATTERNS,
    freeze: Sequence[str] = (),
    optimiser: Callable[[Any], torch.optim.Optimizer] = adamw,
    clip: float | None = None,
    scale_loss: float = 1.0,
    probe: Probe | None = None,
    accumulate: int = 1,
    epochs: int = 2,
) -> RoutedModule:
    """Train through a real `Trainer.fit`, 4 batches of 2 an epoch, and hand back the module."""
    net = BandNet() if net is None else net
    router = Router(band_plan(net, routes, patterns, freeze), engine)
    router.probe = probe
    module = RoutedModule(net, router, optimiser, clip=clip, scale_loss=scale_loss)
    torch.manual_seed(5)  # the dropout masks
    with known_warnings():
        trainer = Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            devices=1,
            accumulate_grad_batches=accumulate,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, loader())
    return module


@contextmanager
def known_warnings() -> Iterator[None]:
    """What Lightning says about set-ups as small as these."""
    with warnings.catch_warnings():
        for message in SILENCED:
            warnings.filterwarnings("ignore", message)
        yield


def loader(dtype: torch.dtype = torch.float32) -> DataLoader[tuple[Tensor, ...]]:
    """Four batches of 2."""
    return DataLoader(TensorDataset(*(field.to(dtype) for field in fields())), batch_size=2)


def train(router: Router, net: nn.Module, optimiser: torch.optim.Optimizer, steps: int = 2) -> None:
    """A loop of one's own, always on the same batch."""
    for _ in range(steps):
        optimiser.zero_grad()
        router.backward(router.total(net.losses(*fields())))
        optimiser.step()


def state(net: nn.Module, *prefixes: str) -> State:
    """A copy of the weights whose names start with one of `prefixes`; all of them without any."""
    return {
        name: value.detach().clone()
        for name, value in net.state_dict().items()
        if not prefixes or name.startswith(prefixes)
    }


def gradients(net: nn.Module) -> Gradients:
    """A copy of what stands in `.grad`, None included."""
    return {name: None if p.grad is None else p.grad.clone() for name, p in net.named_parameters()}


def same_bits(a: Mapping[str, Tensor | None], b: Mapping[str, Tensor | None]) -> bool:
    """Equal names, equal bits, None only against None."""
    return a.keys() == b.keys() and all(
        (x is None and y is None) or (x is not None and y is not None and torch.equal(x, y))
        for x, y in ((a[name], b[name]) for name in a)
    )


def pinball(field: Tensor, truth: Tensor, level: float) -> Tensor:
    """Mean pinball loss of one quantile field."""
    error = truth - field
    return torch.maximum(level * error, (level - 1) * error).mean()


@contextmanager
def own_stream(seed: int, part: int) -> Iterator[None]:
    """Random numbers that depend on the seed and the part alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1000 * seed + part)
        yield

"""Gradient routing without stq's models, data or specs: a network with two heads, one of which must not disturb.

A small network classifies points and, beside that, predicts how far out they lie. The second task may train its own
head only: the classifier must be the one that it would be without it. Run: python examples/two_heads.py
Its audit alone, from this folder: stq check-grads --module two_heads:make
"""

import warnings

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from stq.routing import Audited, Groups, Route, RoutedBackward, Router, audit_model, plan_routes

PATTERNS = {"trunk": ["trunk.*"], "classes": ["classes.*"], "radius": ["radius.*"]}
ROUTES = {
    "classes": Route(1.0, {"trunk": 1.0, "classes": 1.0}),
    "radius": Route(0.5, {"radius": 1.0}),  # with {"radius": 1.0, "trunk": 0.1} a tenth of it would reach the trunk
}


class TwoHeads(nn.Module):
    """Any network: routing needs the names of its parameters and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
        self.classes = nn.Linear(16, 3)
        self.radius = nn.Linear(16, 1)

    def losses(self, points: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """One scalar for each task, with its name."""
        features = self.trunk(points)
        distance = points.norm(dim=1, keepdim=True)
        return {
            "classes": nn.functional.cross_entropy(self.classes(features), labels),
            "radius": nn.functional.mse_loss(self.radius(features), distance),
        }


def data() -> tuple[Tensor, Tensor]:
    """Points, and the third of the circle that each lies in."""
    points = torch.randn(256, 2)
    return points, (torch.atan2(points[:, 1], points[:, 0]) + torch.pi).mul(3 / (2 * torch.pi + 1e-6)).long()


def plain_loop(steps: int = 200) -> TwoHeads:
    """A loop of one's own: `router.backward(router.total(losses))` where `loss.backward()` would stand."""
    torch.manual_seed(0)
    net, (points, labels) = TwoHeads(), data()
    router = Router(plan_routes(Groups.of(net, PATTERNS), ROUTES))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        router.backward(router.total(net.losses(points, labels)))
        optimiser.step()
    return net


class LightningTwoHeads(RoutedBackward, LightningModule):
    """The same under Lightning: the mixin, a router, and the total of the losses."""

    def __init__(self) -> None:
        super().__init__()
        self.net = TwoHeads()
        self.router = Router(plan_routes(Groups.of(self.net, PATTERNS), ROUTES))

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return self.router.total(self.net.losses(*batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.net.parameters(), lr=1e-2)


def lightning(epochs: int = 50) -> TwoHeads:
    """`gradient_clip_val`, accumulation, precision and callbacks work as ever; clipping is by group."""
    torch.manual_seed(0)
    module = LightningTwoHeads()
    loader = DataLoader(TensorDataset(*data()), batch_size=64, shuffle=True)
    trainer = Trainer(
        max_epochs=epochs, gradient_clip_val=1.0, accelerator="cpu", devices=1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer.fit(module, loader)
    return module.net


def make(net: TwoHeads | None = None) -> Audited:
    """What is to be proved: the parts of a network, what each loss may move, and its losses on a batch.

    From this folder: stq check-grads --module two_heads:make
    """
    net, (points, labels) = net or TwoHeads(), data()
    return Audited(net, PATTERNS, ROUTES, lambda step: net.losses(points, labels))


def main() -> None:
    """Train both ways, then prove the isolation on a step of the trained network."""
    for way in (plain_loop, lightning):
        net, (points, labels) = way(), data()
        audit = audit_model(make(net))
        right = (net.classes(net.trunk(points)).argmax(dim=1) == labels).float().mean()
        blocked = [f"{cell.loss} on {cell.group}" for cell in audit.cells if cell.verdict == "blocked"]
        print(f"{way.__name__}: {right:.0%} of the labels right; {audit.verdict}, blocked: {', '.join(blocked)}")


if __name__ == "__main__":
    main()

"""The one hook through which routing enters a Lightning module."""

from typing import Any

from torch import Tensor, nn

from stq.routing._freeze import hold_frozen
from stq.routing._router import Router


class RoutedBackward:
    """Mixin, to stand before `LightningModule` among the bases. Keep `automatic_optimization` on.

    `training_step` computes named losses and returns `self.router.total(losses)`; Lightning scales that total as it
    likes (accumulation, mixed precision) and calls `backward`, which routes. Clipping, accumulation, schedulers and
    checkpoints stay Lightning's own.
    """

    router: Router

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Override of `LightningModule.backward`; `retain_graph` is honoured, other arguments have no meaning here."""
        self.router.backward(loss, retain_graph=bool(kwargs.get("retain_graph", False)))

    def on_fit_start(self) -> None:
        """Override of Lightning's hook: it keeps the modes that it finds, and what is frozen goes to evaluation."""
        super().on_fit_start()  # type: ignore[misc]
        if isinstance(self, nn.Module):
            self.train(self.training)

    def train(self, mode: bool = True) -> Any:
        """Override of `nn.Module.train`: what is frozen stays in evaluation mode."""
        super().train(mode)  # type: ignore[misc]  # the module beside the mixin has it
        if mode and isinstance(self, nn.Module) and hasattr(self, "router"):
            hold_frozen(self, self.router.plan.groups)
        return self

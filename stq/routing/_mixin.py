"""The one hook through which routing enters a Lightning module."""

from typing import Any

from torch import Tensor

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

"""The audit of real training steps: forward, losses, backward and hooks as in training, and nothing is updated."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from torch import Tensor

from stq.errors import RoutingError, UsageError
from stq.routing import ENGINES, Audit, Auditor, RoutedBackward, Router
from stq.spec import TrainerSpec
from stq.training._fit import errors_in_words
from stq.training._forecast_module import ForecastModule
from stq.training._loaders import Loaders
from stq.training._placement import placement
from stq.training._silence import SILENT, known_warnings
from stq.training._world import ALONE, World


def probe_training_step(
    module: ForecastModule, loaders: Loaders, settings: TrainerSpec, steps: int = 1, world: World = ALONE
) -> Audit:
    """Audit the first `steps` batches of `module`'s training, in the precision and accumulation of `settings`.

    They are this process's own, whatever the others of `world` do.
    """
    trainer = Trainer(
        max_epochs=max(settings.max_epochs, steps),
        max_steps=-1 if settings.max_steps is None else max(settings.max_steps, steps),
        accumulate_grad_batches=settings.accumulate_grad_batches,
        callbacks=[auditing := AuditSteps(steps)],
        **placement(settings, world, alone=True),
        **WITHOUT_TRACE,
    )
    with known_warnings(), errors_in_words(), updates_withheld(module):
        trainer.fit(module, datamodule=loaders)
    return auditing.result()


def audit_module(
    module: object,
    data: object,
    *,
    steps: int = 1,
    engine: str | None = None,
) -> tuple[Audit, Router]:
    """Audit `steps` batches of anybody's routed module under a real Trainer: one device, float32 but for its autocasts.

    `data` is what `Trainer.fit` takes; `engine` replaces that of the module's router. Raises UsageError where the
    module is none of Lightning's, RoutingError where it does not route its own backward.
    """
    if not isinstance(module, LightningModule):
        raise UsageError(f"a {type(module).__name__} is no LightningModule; expected one with RoutedBackward")
    if not isinstance(module, RoutedBackward):
        raise RoutingError(f"{type(module).__name__} is not routed: put RoutedBackward before LightningModule")
    trainer = Trainer(max_epochs=steps, devices=1, callbacks=[auditing := AuditSteps(steps, engine)], **WITHOUT_TRACE)
    with known_warnings(), updates_withheld(module):
        warnings.filterwarnings("ignore", ".*You defined a `validation_step`.*")  # there is nothing to validate
        if isinstance(data, LightningDataModule):
            trainer.fit(module, datamodule=data)
        else:
            trainer.fit(module, train_dataloaders=data)
    return auditing.result(), module.router


WITHOUT_TRACE: dict[str, Any] = {
    **SILENT,
    "enable_checkpointing": False,
    "limit_val_batches": 0,
    "log_every_n_steps": 1,
}
"""A Trainer that writes nothing, says nothing and validates nothing."""


class AuditSteps(Callback):
    """Audits each step of a fit, and ends it after `steps` batches. Schedulers stand still, as the weights do."""

    def __init__(self, steps: int, engine: str | None = None) -> None:
        self.steps = steps
        self.engine = engine
        self.seen = 0
        self.auditor: Auditor | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.strategy.lr_scheduler_configs = []
        self.auditor = Auditor(pl_module)
        router = router_of(pl_module)
        router.probe = self.auditor
        router.engine = router.engine if self.engine is None else ENGINES[self.engine]

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        assert self.auditor is not None  # training has started
        self.auditor.after_backward()
        self.seen += 1
        trainer.should_stop = self.seen >= self.steps

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.release(pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.release(pl_module)

    def release(self, module: LightningModule) -> None:
        """Let the router go on without a probe."""
        if self.auditor is not None and router_of(module).probe is self.auditor:
            router_of(module).probe = None

    def result(self) -> Audit:
        """Of all steps."""
        return (self.auditor or Auditor()).result()


def router_of(module: LightningModule) -> Router:
    """The router that a module was given by the time that training starts."""
    router = getattr(module, "router", None)
    if not isinstance(router, Router):
        raise RoutingError(
            f"{type(module).__name__} has no router when training starts: set self.router to a stq.routing.Router"
        )
    return router


@contextmanager
def updates_withheld(module: LightningModule) -> Iterator[None]:
    """Steps run their forward and backward, and no optimiser and no gradient scaler hears of it."""

    def optimizer_step(epoch: int, batch_idx: int, optimizer: object, closure: Callable[[], Tensor | None]) -> None:
        closure()

    module.optimizer_step = optimizer_step  # type: ignore[method-assign, assignment]  # on this object, for a while
    try:
        yield
    finally:
        del module.optimizer_step

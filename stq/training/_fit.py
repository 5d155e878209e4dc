"""One call that trains: Lightning's Trainer with stq's checkpoints, signals and observers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, Trainer

from stq.errors import AnomalyError, UsageError
from stq.spec import TrainerSpec
from stq.training._averaged_weights import AveragedWeights
from stq.training._budget_of_steps import BudgetOfSteps
from stq.training._checkpoint_io import AtomicCheckpointIO
from stq.training._forecast_module import ForecastModule
from stq.training._keep_checkpoints import KeepCheckpoints
from stq.training._loaders import Loaders
from stq.training._observer import Observe, TrainingObserver
from stq.training._patience import Patience
from stq.training._placement import placement
from stq.training._signals import StopOnSignal
from stq.training._silence import SILENT, known_warnings
from stq.training._world import ALONE, World


@dataclass(frozen=True)
class FitResult:
    """How training ended. `best_central` is the central validation error of the best epoch, in normalised units, None
    without one.
    """

    epochs: int
    steps: int
    best: Path | None
    best_central: float | None
    stopped_early: bool
    skipped_steps: int = 0


def fit(
    module: ForecastModule,
    loaders: Loaders,
    settings: TrainerSpec,
    *,
    checkpoints: Path | None,
    observers: Sequence[TrainingObserver] = (),
    experiment: Mapping[str, Any] | None = None,
    resume_from: Path | None = None,
    trial: bool = False,
    world: World = ALONE,
) -> FitResult:
    """Train until the budget is spent or what the module monitors has not improved for `patience` epochs.

    Checkpoints go to the folder `checkpoints`: the best by what the module monitors, and one to go on from after every
    epoch and on a signal, each with what is to be known of the `experiment`; None writes nothing. Training goes on from
    the state `resume_from`, if there is one. A `trial` takes one step, without validation. Every process of `world` has
    to call this with the same arguments; the leading one alone writes and needs observers.

    Raises NonFiniteError, Stopped, RoutingError, DiskError, CheckFailed.
    """
    observe = Observe(tuple(observers), settings.log_every_n_steps)
    keep = None if checkpoints is None else KeepCheckpoints(checkpoints, module.monitor)
    stop = StopOnSignal(None if keep is None else keep.save)
    callbacks: list[Callback] = [BudgetOfSteps(), observe, stop]
    early = None
    if settings.patience is not None and not trial:
        early = Patience(module.monitor, settings.patience)
        callbacks.append(early)
    if settings.ema is not None and not trial:
        callbacks.append(AveragedWeights(settings.ema))
    if keep is not None:
        callbacks.append(keep)
    trainer = Trainer(
        max_epochs=settings.max_epochs,
        max_steps=1 if trial else (settings.max_steps or -1),
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO(experiment or {})],
        default_root_dir=checkpoints,
        enable_checkpointing=keep is not None,
        log_every_n_steps=settings.log_every_n_steps,
        accumulate_grad_batches=settings.accumulate_grad_batches,
        deterministic=settings.deterministic,
        detect_anomaly=settings.detect_anomaly,
        limit_val_batches=0 if trial else None,
        **placement(settings, world),
        **SILENT,
    )
    with known_warnings(), errors_in_words():
        trainer.fit(module, datamodule=loaders, ckpt_path=None if resume_from is None else str(resume_from))
    best = [] if keep is None else keep.store.states("best")
    return FitResult(
        epochs=max(trainer.current_epoch, observe.epochs),  # Lightning forgets an epoch cut short by max_steps
        steps=trainer.global_step,
        best=best[0] if best else None,
        best_central=observe.best_central,
        stopped_early=early is not None and early.stopped_epoch > 0,
        skipped_steps=module.finite.skipped.total,
    )


@contextmanager
def errors_in_words() -> Iterator[None]:
    """What torch finds for `trainer.detect_anomaly`, and what a compiler fails at, as errors for a person."""
    try:
        yield
    except RuntimeError as error:
        if "returned nan values" in str(error):
            raise AnomalyError(f"the backward pass came to a NaN: {error}") from error
        from torch._dynamo.exc import TorchDynamoException  # loaded by now where it matters, and slow to load

        if not isinstance(error, TorchDynamoException):
            raise
        first = str(error).strip().splitlines()[0]
        raise UsageError(f"the cells can't be compiled here ({first}); set model.compile: false") from error

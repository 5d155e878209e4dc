"""The Lightning module: a forecaster, its losses and the routing between them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from stq.losses import Loss, blamed
from stq.models import Forecaster, stream_seed
from stq.routing import RoutedBackward, Router, clip_gradients, gradient_norms
from stq.spec import CENTRAL, OptimSpec
from stq.tensors import Batch, Forecast
from stq.training._finite_steps import FiniteSteps
from stq.training._global_batch import exchange
from stq.training._means import Means
from stq.training._nonfinite import Label, nonfinite
from stq.training._optimiser import build_optimiser
from stq.training._schedule import build_schedule, monitored
from stq.training._seeding import begin_chance
from stq.training._short_window import share_of_window
from stq.training._validation import Validation

TOTAL = "val_total"
"""The weighted sum of the validation losses that move something."""


class ForecastModule(RoutedBackward, LightningModule):
    """Trains `forecaster` with `losses`, each routed as the router's plan says.

    Before every micro-batch the generators are seeded from the run's seed, the number of the micro-batch and the rank,
    and backbone and central heads draw first: the central forecast does not depend on what else is attached.

    `train_losses` holds the means of the epoch so far by loss name, `validation` what the last validation found; the
    logged `val_central` is the root mean square error of the central forecast over the validation part, in normalised
    units. All are over all processes and the same in each. So is `heard`, the number of a signal that any of them had
    received as `signal` before the last micro-batch, or 0.

    `compiled` trains with compiled parts (see `Forecaster.compile_parts`), by the backend `compiler` of torch.compile.

    What is not finite ends training before the update; with `skip` that update alone is left out (see `FiniteSteps`).
    """

    compiler: ClassVar[str] = "inductor"

    def __init__(
        self,
        forecaster: Forecaster,
        losses: Mapping[str, Loss],
        router: Router,
        optim: OptimSpec,
        *,
        seed: int,
        compiled: bool = False,
        skip: bool = False,
        label: Label = str,
    ) -> None:
        super().__init__()
        self.forecaster = forecaster
        self.router = router
        self.optim = optim
        self.seed = seed
        self.compiled = compiled
        self.loss_names = tuple(losses)
        self.by_elements = {name: loss.reduction == "valid" for name, loss in losses.items()}
        self.loss_modules = nn.ModuleList(losses.values())
        self.train_losses = Means()
        self.validation = Validation(self.loss_names)
        self.gradient_norms: Mapping[str, float] = {}
        self.signal = 0
        self.heard = 0
        self.finite = FiniteSteps(router, skip=skip, label=label)

    def setup(self, stage: str) -> None:
        """Compile where that is asked for: now, since a copy of a module (the one that is audited) isn't compiled."""
        super().setup(stage)
        if self.compiled and stage == "fit":
            self.forecaster.compile_parts(self.trainer.strategy.root_device, self.compiler)

    def forward(self, batch: Batch) -> Forecast:
        """The forecast for a batch, normalised."""
        forecast: Forecast = self.forecaster(batch.inputs, batch.base, batch.location)
        return forecast

    def loss_values(self, forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        """Every loss of the spec, unweighted, by name."""
        target, values = batch.target, {}
        for name, module in zip(self.loss_names, self.loss_modules, strict=True):
            with blamed(name):
                values[name] = module(forecast, target)
        return values

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The weighted total of the losses; its parts wait in the router for `backward`.

        In a short last accumulation window it is scaled up, so that the step is the mean over the batches there are.
        """
        # Not Lightning's own running count: that one is a batch ahead after a resume within an epoch.
        micro_batch = self.trainer.current_epoch * int(self.trainer.num_training_batches) + batch_idx
        stream = stream_seed(self.seed, f"step {micro_batch} rank {self.global_rank}")
        begin_chance(stream)
        forecast = self(batch)
        losses = self.loss_values(forecast, batch)
        total = self.router.total(losses)  # with several processes the first look at the losses, before they talk
        if self.router.probe is None:
            self.finite.begin(
                batch, self._once_more(batch, stream), first=batch_idx % self.trainer.accumulate_grad_batches == 0
            )
            total = self._counted(total, losses, batch, forecast)
        share = share_of_window(self.trainer, batch_idx)
        return total if share == 1 else total / share

    def _counted(self, total: Tensor, losses: Mapping[str, Tensor], batch: Batch, forecast: Forecast) -> Tensor:
        """The total, as this process's part of that of the global batch; its losses enter the means of the epoch."""
        moving, several = self.router.plan.moving, self.trainer.world_size > 1
        mine: Sequence[str] = ()
        if several:
            whole = exchange(losses, self.by_elements, batch, moving=moving, signal=self.signal)
            self.heard = whole.signal
            broken, mine = any(whole.broken), whole.broken[self.global_rank]
            means, weight = whole.losses, whole.samples
            total = self.router.total({name: loss * whole.factors[name] for name, loss in losses.items()})
        else:
            mine = nonfinite({name: losses[name] for name in moving})
            broken, weight = bool(mine), float(len(batch.time))
            means = {name: loss.detach() for name, loss in losses.items()}
        if broken:
            self.finite.refuse_losses(self.global_step, mine, batch, forecast, several=several)
        else:
            self.train_losses.add(means, weight)
        return total

    def _once_more(self, batch: Batch, stream: int) -> Callable[[], Mapping[str, Tensor]]:
        """What makes the losses of this batch again, with the same draws."""

        def again() -> Mapping[str, Tensor]:
            begin_chance(stream)
            with self.trainer.precision_plugin.train_step_context():
                return self.loss_values(self(batch), batch)

        return again

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Adds a validation batch to the means of the epoch."""
        forecast = self(batch)
        self.validation.add(batch, forecast, self.loss_values(forecast, batch))

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.train_losses = Means()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.finite.refuse_weights(self.global_step, self.trainer.optimizers[0])
        checkpoint["train_losses"] = self.train_losses.state()
        checkpoint["skipped_steps"] = self.finite.skipped.state()
        checkpoint["gradient_norms"] = dict(self.gradient_norms)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.train_losses = Means.of_state(checkpoint["train_losses"])
        self.finite.skipped.load(checkpoint["skipped_steps"])
        self.gradient_norms = checkpoint["gradient_norms"]

    def on_validation_epoch_start(self) -> None:
        self.validation = Validation(self.loss_names)

    def on_validation_epoch_end(self) -> None:
        if self.trainer.world_size > 1:
            self.validation.gather(lambda sums: self.trainer.strategy.reduce(sums.to(self.device), reduce_op="sum"))
        central = self.validation.central
        self.finite.refuse_validation(self.global_step, self.validation, several=self.trainer.world_size > 1)
        self.log(CENTRAL, central)
        best = central
        if self.monitor == TOTAL:
            plan, losses = self.router.plan, self.validation.losses
            best = sum(plan.routes[name].weight * losses[name] for name in plan.moving)
            self.log(TOTAL, best)
        self._step_plateau(best)

    @property
    def monitor(self) -> str:
        """What chooses the best epoch: the central validation error, so that the quantile side can't; or, where the
        central forecast is fixed and that error with it, the total of the losses that move something.
        """
        return TOTAL if self.forecaster.central_is_fixed else CENTRAL

    def configure_optimizers(self) -> Any:
        """One optimiser with a named parameter group for each routing group, and its schedule."""
        optimiser = build_optimiser(self.router.plan.groups, self.optim)
        steps = int(self.trainer.estimated_stepping_batches)
        full = self.trainer.accumulate_grad_batches
        per_epoch = math.ceil(min(self.trainer.num_training_batches, steps * full) / full)  # the first may be unknown
        return [optimiser], build_schedule(optimiser, self.optim.schedule, steps=steps, steps_per_epoch=per_epoch)

    def _step_plateau(self, best: float) -> None:
        """Tell a plateau how the validation went, before the checkpoint of the epoch is written; `best` is the value of
        what chooses the best epoch, which stands for the central error where that stands still.
        """
        plateau = self.optim.schedule.plateau
        if plateau is None:
            return
        value = best
        if plateau.monitor != CENTRAL:
            value = self.validation.losses[plateau.monitor]
            self.log(monitored(self.optim.schedule), value)
        for config in self.trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, ReduceLROnPlateau):
                config.scheduler.step(value)

    def lr_scheduler_step(self, scheduler: LRScheduler, metric: Any) -> None:
        """Lightning's own, but for a plateau: Lightning steps it once the epoch's checkpoint is written, so that a run
        that goes on from there would lose that step. See `_step_plateau`."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)

    def configure_gradient_clipping(
        self,
        optimizer: Any,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Refuse gradients that are not finite, then clip as `optim.clip` says: per routing group, or over all."""
        groups, clip, several = self.router.plan.groups, self.optim.clip, self.trainer.world_size > 1
        norms = gradient_norms(groups)
        self.gradient_norms = {name: float(norm) for name, norm in norms.items()}
        broken = [name for name, norm in self.gradient_norms.items() if not norm < float("inf")]
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        # An overflow is routine for a gradient scaler, which skips the step and lowers its scale; below 1 it is none.
        overflow = broken and scaler is not None and scaler.get_scale() >= 1
        left_out = self.finite.leaves_out(self.global_step, () if overflow else broken, several=several)
        if clip is not None and not broken and not left_out:
            clip_gradients(groups, clip.norm, clip.per, norms)

"""The hooks through which routing enters a Lightning module."""

from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from stq.errors import RoutingError
from stq.routing._clip import ClipPer, clip_gradients
from stq.routing._freeze import hold_frozen
from stq.routing._refusal import refuse
from stq.routing._refused_settings import refused_settings
from stq.routing._router import Router

if TYPE_CHECKING:

    class LightningHooks:
        """What the mixin needs of the class that stands behind it among the bases."""

        training: bool

        def train(self, mode: bool) -> Any: ...

        def setup(self, stage: str) -> None: ...

        def on_fit_start(self) -> None: ...

        def on_train_epoch_start(self) -> None: ...

        def on_train_batch_start(self, batch: Any, batch_idx: int) -> int | None: ...

        def configure_gradient_clipping(
            self, optimizer: Any, gradient_clip_val: float | None, gradient_clip_algorithm: str | None
        ) -> None: ...
else:
    LightningHooks = object

BACKWARD_ARGUMENTS = ("gradient", "retain_graph", "create_graph", "inputs")


class RoutedBackward(LightningHooks):
    """Mixin, to stand before `LightningModule` among the bases. Keep `automatic_optimization` on.

    `training_step` computes named losses and returns `self.router.total(losses)`; Lightning scales that total as it
    likes (accumulation, mixed precision) and calls `backward`, which routes. Accumulation, schedulers, precision and
    checkpoints stay Lightning's own. The Trainer's `gradient_clip_val` clips each routing group by its own norm, since
    one norm over all lets the gradient of one group shrink the step of another; `clip_per = "global"` asks for that.

    What would lose the isolation is refused with a RoutingError when a fit begins and once more at each backward,
    where it can't be lost in a hook that is overridden without `super()`.
    """

    router: Router
    clip_per: ClassVar[ClipPer] = "group"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        before = takewhile(lambda base: base is not RoutedBackward, cls.__mro__)
        for base in before:
            if "backward" in vars(base) and not issubclass(base, RoutedBackward):
                raise RoutingError(
                    f"{cls.__name__}: {base.__name__} stands before RoutedBackward among the bases, and its backward "
                    f"would run unrouted; write class {cls.__name__}(RoutedBackward, {base.__name__})"
                )

    def setup(self, stage: str) -> None:
        """Refuse, before anything is wrapped or placed, a strategy that can't be routed."""
        if stage == "fit":
            self._refuse_settings()
        super().setup(stage)

    def on_fit_start(self) -> None:
        """The same once the module is complete: it may have made its router in `configure_model`."""
        self._refuse_settings()
        if not isinstance(getattr(self, "router", None), Router):
            raise RoutingError(
                f"{type(self).__name__} has no router: set self.router = Router(plan_routes(groups, routes)), in "
                f"__init__ or configure_model"
            )
        super().on_fit_start()
        self.train(self.training)  # Lightning keeps the modes that it finds

    def train(self, mode: bool = True) -> Any:
        """Override of `nn.Module.train`: what is frozen stays in evaluation mode."""
        super().train(mode)
        router = getattr(self, "router", None)
        if mode and isinstance(router, Router):
            hold_frozen(self, router.plan.groups)  # type: ignore[arg-type]  # it is an nn.Module once mixed in
        return self

    def on_train_epoch_start(self) -> None:
        """Examine the first step of every epoch: callbacks thaw parameters between them."""
        self.router.look_again()
        super().on_train_epoch_start()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> int | None:
        """Let go of a graph that an interrupted step left behind, before the next one is built."""
        self.router.forget()
        return super().on_train_batch_start(batch, batch_idx)

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Override of `LightningModule.backward`; of the arguments of `Tensor.backward`, `retain_graph` has a meaning.

        Raises RoutingError for the others, and as `Router.backward` does.
        """
        given = dict(zip(BACKWARD_ARGUMENTS, args, strict=False)) | kwargs
        foreign = [name for name, v in given.items() if name != "retain_graph" and v is not None and v is not False]
        if foreign:
            raise RoutingError(f"backward can't honour {', '.join(foreign)}: the plan says what goes where")
        trainer = self._refuse_settings()
        agree = getattr(getattr(trainer, "strategy", None), "reduce_boolean_decision", None)
        module: Any = self  # a LightningModule, once mixed in
        self.router.backward(loss, retain_graph=bool(given.get("retain_graph", False)), module=module, agree=agree)

    def manual_backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Refused: it belongs to manual optimisation, which leaves no place to route."""
        raise RoutingError(
            "manual_backward can't be routed: return router.total(losses) from training_step and keep "
            "automatic_optimization on; in a loop of your own, without a Trainer, call router.backward"
        )

    def configure_gradient_clipping(
        self,
        optimizer: Any,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the norm of each routing group, or of all with `clip_per = "global"`; by value, as Lightning does."""
        if not gradient_clip_val:
            return
        precision = getattr(getattr(self, "trainer", None), "precision_plugin", None)
        scaler = getattr(precision, "scaler", None)
        if gradient_clip_algorithm == "value":
            super().configure_gradient_clipping(optimizer, gradient_clip_val, gradient_clip_algorithm)
        elif scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            raise RoutingError(
                f"{type(optimizer).__name__} takes the gradient scale out within its own step (fused=True), so that "
                f"there is nothing to clip by before it; choose fused=False"
            )
        else:
            clip_gradients(self.router.plan.groups, gradient_clip_val, self.clip_per)

    def _refuse_settings(self) -> Any:
        """Raise RoutingError under settings that lose the isolation; hand back the trainer, or None without one."""
        try:
            trainer = getattr(self, "trainer", None)
        except RuntimeError:  # not attached to one: a loop of one's own
            trainer = None
        refuse(list(refused_settings(self, trainer)))
        return trainer

"""A Lightning module with the mixin: what it refuses, on Lightning's own strategies, and how it clips."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy, DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy, Strategy
from support.routed_nets import (
    SILENCED,
    BandNet,
    RoutedModule,
    adamw,
    band_plan,
    fields,
    gradients,
    momentum,
    same_bits,
    state,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from stq.errors import RoutingError
from stq.routing import RoutedBackward, Router, gradient_norms


class Foreign(RoutedBackward, LightningModule):
    """Somebody's module: nothing of routing in it but a router and a total."""

    def __init__(self, engine: str = "pruned", optimiser: Callable[..., torch.optim.Optimizer] = momentum) -> None:
        super().__init__()
        self.net = BandNet(dropout=0.0)
        self.router = Router(band_plan(self.net), engine)
        self.optimiser = optimiser

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        return self.router.total(self.net.losses(*batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.optimiser(self.net.parameters())


def quiet_trainer(**settings: Any) -> Trainer:
    """Two steps on a CPU, and nothing written."""
    return Trainer(**{
        "max_steps": 2, "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, **settings,
    })  # fmt: skip


def fit(module: Any, **settings: Any) -> None:
    """Train it under a real Trainer."""
    with warnings.catch_warnings():
        for message in (*SILENCED, ".*number of training batches.*"):
            warnings.filterwarnings("ignore", message)
        quiet_trainer(**settings).fit(module, DataLoader(TensorDataset(*fields()), batch_size=2))


def attached(module: LightningModule, strategy: Strategy) -> LightningModule:
    """The module on a trainer whose strategy is a real one that this machine could not start."""
    trainer = quiet_trainer()
    trainer._accelerator_connector.strategy = strategy
    module.trainer = trainer
    return module


STRATEGIES = {
    "FSDP shards": lambda: FSDPStrategy(),
    "FSDP2\\) shards": lambda: ModelParallelStrategy(),
    "DeepSpeed runs its own backward": lambda: DeepSpeedStrategy.__new__(DeepSpeedStrategy),  # it isn't installed
    "static_graph=True": lambda: DDPStrategy(static_graph=True),
}


@pytest.mark.parametrize("text", STRATEGIES)
def test_a_strategy_that_loses_the_isolation_is_refused_when_the_fit_is_set_up(text: str) -> None:
    module = attached(Foreign(), STRATEGIES[text]())
    with pytest.raises(RoutingError, match=text):
        module.setup("fit")
    module.setup("validate")


@pytest.mark.parametrize("text", STRATEGIES)
def test_it_is_refused_at_the_backward_where_the_hooks_were_overridden(text: str) -> None:
    class Careless(Foreign):
        def setup(self, stage: str) -> None:
            """Without super."""

        def on_fit_start(self) -> None:
            """Without super."""

    module = attached(Careless(), STRATEGIES[text]())
    module.setup("fit")
    module.on_fit_start()
    with pytest.raises(RoutingError, match=text):
        module.backward(module.training_step(fields(), 0))
    assert set(gradients(module.net).values()) == {None}


@pytest.mark.parametrize("options", [{}, {"find_unused_parameters": True}, {"gradient_as_bucket_view": True}])
def test_other_kinds_of_ddp_are_not_refused(options: dict[str, bool]) -> None:
    attached(Foreign(), DDPStrategy(**options)).setup("fit")


def test_the_original_recipe_is_refused_under_ddp_and_points_to_pruned() -> None:
    with pytest.raises(RoutingError, match=r"save-restore .* choose pruned"):
        attached(Foreign("save-restore"), DDPStrategy()).setup("fit")


def test_manual_optimisation_is_refused() -> None:
    module = Foreign()
    module.automatic_optimization = False
    with pytest.raises(RoutingError, match="automatic_optimization"):
        fit(module)


def test_manual_backward_is_refused() -> None:
    module = Foreign()
    with pytest.raises(RoutingError, match=r"return router\.total"):
        module.manual_backward(module.training_step(fields(), 0), retain_graph=True)


def test_a_compiled_lightning_module_is_refused_though_lightning_unwraps_it() -> None:
    with pytest.raises(RoutingError, match="whole LightningModule is compiled"):
        fit(torch.compile(Foreign(), backend="eager"))


def test_a_trainable_parameter_outside_the_groups_is_refused_by_name() -> None:
    module = Foreign()
    module.extra = nn.Linear(2, 2)
    with pytest.raises(RoutingError, match=r"extra\.weight can be trained and is in no group"):
        fit(module)
    assert set(gradients(module.net).values()) == {None}
    module.extra.requires_grad_(False)
    fit(module)


class Thaw(Callback):
    """What fine-tuning callbacks do between epochs."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == 1:
            pl_module.net.backbone[0].requires_grad_(True)


def test_a_parameter_that_is_thawed_between_epochs_is_not_left_standing_in_silence() -> None:
    module = Foreign()
    module.net.backbone[0].requires_grad_(False)
    module.router = Router(band_plan(module.net))
    with pytest.raises(RoutingError, match=r"backbone\.0\.weight can be trained and is in no group"):
        fit(module, callbacks=[Thaw()], max_steps=-1, max_epochs=3)
    assert module.trainer.current_epoch == 1


def test_a_module_without_a_router_is_told_how_to_get_one() -> None:
    module = Foreign()
    del module.router
    with pytest.raises(RoutingError, match=r"set self\.router = Router"):
        fit(module)


def test_the_wrong_order_of_bases_is_refused_when_the_class_is_written() -> None:
    """Lightning's own backward would run, and nothing would be routed."""
    with pytest.raises(RoutingError, match=r"class Wrong\(RoutedBackward, LightningModule\)"):
        type("Wrong", (LightningModule, RoutedBackward), {})
    own = type("Own", (LightningModule,), {"backward": lambda self, loss: loss.backward()})
    with pytest.raises(RoutingError, match="Own stands before RoutedBackward"):
        type("Beside", (own, Foreign), {})
    type("Right", (Foreign, own), {"backward": lambda self, loss: super(Foreign, self).backward(loss)})


@pytest.mark.parametrize(
    ("positional", "named"),
    [((), {"inputs": [torch.ones(1)]}), ((torch.ones(()),), {}), ((None, None, True), {})],
    ids=["inputs", "gradient", "create_graph"],
)
def test_an_argument_that_routing_can_not_honour_is_refused(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    module = Foreign()
    with pytest.raises(RoutingError, match="backward can't honour"):
        module.backward(module.training_step(fields(), 0), *positional, **named)


def test_retain_graph_is_honoured_by_name_and_by_place() -> None:
    for positional, named in (((), {"retain_graph": True}), ((None, True), {})):
        module = Foreign()
        total = module.training_step(fields(), 0)
        module.backward(total, *positional, **named)
        torch.autograd.grad(total, list(module.net.parameters()))  # raises where the graph was freed


def clipped_norms(module: LightningModule, **settings: Any) -> dict[str, float]:
    """The norms of the groups right after the first step's clipping."""
    fit(module, max_steps=1, **settings)
    return {name: float(norm) for name, norm in gradient_norms(module.router.plan.groups).items()}


def test_the_trainers_clip_value_clips_each_group_by_itself() -> None:
    free = clipped_norms(Foreign())
    clip = 0.5 * min(free.values())
    for norm in clipped_norms(Foreign(), gradient_clip_val=clip).values():
        assert norm == pytest.approx(clip, rel=1e-4)


def test_under_a_clip_value_the_quantile_side_still_changes_no_bit_of_the_rest() -> None:
    """What one norm over everything would break."""

    class Global(Foreign):
        clip_per = "global"

    kept = []
    for kind in (Foreign, Global):
        nets = []
        for factor in (1.0, 1000.0):
            module = kind()
            with torch.no_grad():
                module.net.quantiles[0][2].bias.mul_(0).add_(factor)
            fit(module, gradient_clip_val=0.05)
            nets.append(state(module.net, "backbone", "central"))
        kept.append(same_bits(*nets))
    assert kept == [True, False]


def test_one_norm_over_all_groups_is_there_on_request() -> None:
    class Global(Foreign):
        clip_per = "global"

    free = clipped_norms(Foreign())
    clip = 0.1 * min(free.values())
    total = sum(norm**2 for norm in free.values()) ** 0.5
    for name, norm in clipped_norms(Global(), gradient_clip_val=clip).items():
        assert norm == pytest.approx(free[name] * clip / total, rel=1e-4)


def test_clipping_by_value_is_lightnings_own() -> None:
    module = Foreign()
    clipped_norms(module, gradient_clip_val=1e-3, gradient_clip_algorithm="value")
    largest = max(float(p.grad.abs().max()) for p in module.net.parameters())
    assert largest == pytest.approx(1e-3)


def test_an_optimiser_that_unscales_within_its_step_is_not_clipped_by_a_scaled_norm() -> None:
    module = Foreign(optimiser=lambda parameters: torch.optim.SGD(parameters, lr=0.1, fused=True))
    trainer = quiet_trainer()
    trainer.precision_plugin.scaler = torch.amp.GradScaler("cpu")
    module.trainer = trainer
    with pytest.raises(RoutingError, match="fused=False"):
        module.configure_gradient_clipping(module.configure_optimizers(), 1.0, "norm")


def test_a_validation_that_shares_the_training_step_leaves_nothing_behind() -> None:
    class Sharing(Foreign):
        def validation_step(self, batch: list[Tensor], index: int) -> None:
            self.log("val", self.training_step(batch, index))

    module = Sharing()
    with warnings.catch_warnings():
        for message in (*SILENCED, ".*'val_dataloader' does not have many workers", ".*number of training batches.*"):
            warnings.filterwarnings("ignore", message)
        loader = DataLoader(TensorDataset(*fields()), batch_size=2)
        quiet_trainer(val_check_interval=1, num_sanity_val_steps=1).fit(module, loader, loader)
    with pytest.raises(RoutingError, match="without the losses of a step"):
        module.backward(torch.ones((), requires_grad=True))


def test_a_step_whose_backward_never_came_is_forgotten_before_the_next() -> None:
    module = Foreign()
    module.training_step(fields(), 0)
    module.on_train_batch_start(fields(), 1)
    with pytest.raises(RoutingError, match="without the losses of a step"):
        module.backward(torch.ones((), requires_grad=True))


def test_a_copy_of_a_module_in_the_middle_of_a_fit_trains_by_itself() -> None:
    """As averaging callbacks make one."""

    twins: list[Foreign] = []

    class Copying(Foreign):
        def on_before_backward(self, loss: Tensor) -> None:
            trainer, self._trainer = self._trainer, None
            twins.append(copy.deepcopy(self))
            self._trainer = trainer

    module = Copying(optimiser=adamw)
    fit(module)
    twin = twins[1]
    assert {id(p) for _, p in twin.router.plan.groups.named_parameters()} == {id(p) for p in twin.net.parameters()}
    before = state(module.net)
    fit(twin)
    assert same_bits(state(module.net), before)
    assert not same_bits(state(twin.net), before)


def test_the_hooks_of_the_mixin_let_those_of_other_bases_run() -> None:
    called: list[str] = []

    class Other(LightningModule):
        def setup(self, stage: str) -> None:
            called.append("setup")

        def on_fit_start(self) -> None:
            called.append("on_fit_start")

        def on_train_epoch_start(self) -> None:
            called.append("epoch")

        def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
            called.append(f"batch {batch_idx}")

    class Both(RoutedModule, Other):
        pass

    net = BandNet()
    fit(Both(net, Router(band_plan(net)), momentum))
    assert called == ["setup", "on_fit_start", "epoch", "batch 0", "batch 1"]


def test_setting_the_mode_gives_the_module_itself_as_it_does_everywhere_in_torch() -> None:
    module = Foreign()
    assert module.train(False) is module
    assert not module.net.training
    assert module.train() is module
    assert module.net.training

"""Half precision with a gradient scaler, on a scaler of the CPU: in use `16-mixed` is refused there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from support.routed_nets import same_bits
from support.tiny_runs import tiny_spec
from torch import Tensor

from stq.app._assembly import assemble
from stq.errors import NonFiniteError
from stq.tensors import Batch, Forecast
from stq.training import CompositeOptimiser, ForecastModule
from stq.training._silence import SILENT, known_warnings

Weights = dict[str, Tensor]
COMPOSITE = "optim.groups={quantiles: {name: sgd, lr: 0.1, momentum: 0.9}}"


@dataclass
class Trained:
    """What a fit left, and what it saw on its way: the weights after each batch, and the norms before clipping."""

    module: ForecastModule
    scaler: torch.amp.GradScaler
    weights: list[Weights]
    norms: list[dict[str, float]]
    steps: int


class Record(Callback):
    """Keeps what stands after each batch."""

    def __init__(self) -> None:
        self.weights: list[Weights] = []
        self.norms: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: object) -> None:
        assert isinstance(pl_module, ForecastModule)
        self.weights.append({name: p.detach().clone() for name, p in pl_module.forecaster.named_parameters()})
        self.norms.append(dict(pl_module.gradient_norms))


def trained(source: Path, overrides: Sequence[str], *, scale: float = 2.0**8, backoff: float = 0.5) -> Trained:
    """An epoch of 4 batches in half precision."""
    experiment = assemble(tiny_spec(source, overrides))
    module, settings = experiment.module, experiment.loaded.spec.trainer
    record = Record()
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, backoff_factor=backoff)
    with known_warnings():
        trainer = Trainer(
            max_epochs=1,
            callbacks=[record],
            plugins=[MixedPrecision("16-mixed", "cpu", scaler)],
            enable_checkpointing=False,
            accumulate_grad_batches=settings.accumulate_grad_batches,
            accelerator="cpu",
            use_distributed_sampler=False,
            **SILENT,
        )
        trainer.fit(module, datamodule=experiment.loaders)
    return Trained(module, scaler, record.weights, record.norms, trainer.global_step)


FEATURES = {
    "clipped by group": [],
    "clipped by one norm": ["optim.clip.per=global"],
    "accumulated": ["trainer.accumulate_grad_batches=3"],
    "algorithms by group": [COMPOSITE],
    "activations checkpointed": ["model.checkpoint_activations=true"],
}


@pytest.mark.parametrize("feature", FEATURES)
def test_pruned_and_save_restore_train_to_the_same_bits(source: Path, feature: str) -> None:
    pruned, original = (
        trained(source, [*FEATURES[feature], f"routing.engine={engine}"]) for engine in ("pruned", "save-restore")
    )
    assert all(same_bits(a, b) for a, b in zip(pruned.weights, original.weights, strict=True))
    assert not same_bits(pruned.weights[-2], pruned.weights[-1])
    assert pruned.scaler.get_scale() == 2.0**8


def test_gradients_are_clipped_at_their_own_scale(source: Path) -> None:
    """A scale, being a power of two, is not seen past the scaler but where a gradient of half precision underflows."""
    plain, scaled = (trained(source, [], scale=scale) for scale in (1.0, 2.0**8))
    assert len(plain.norms) == 4
    for ours, theirs in zip(scaled.norms, plain.norms, strict=True):
        assert ours == pytest.approx(theirs, rel=0.02)
    for name, value in plain.weights[-1].items():
        torch.testing.assert_close(scaled.weights[-1][name], value, rtol=0, atol=2e-3)  # 4 steps of at most 1e-3 each


@pytest.mark.parametrize("settings", [[], [COMPOSITE]], ids=["one algorithm", "algorithms by group"])
def test_an_overflow_skips_the_step_of_every_group_and_training_goes_on(source: Path, settings: list[str]) -> None:
    """The first batch overflows; then the scale is small enough."""
    found = trained(source, settings, scale=2.0**40, backoff=2.0**-32)
    fresh = dict(assemble(tiny_spec(source)).module.forecaster.named_parameters())
    assert same_bits(found.weights[0], fresh)
    assert any(norm == float("inf") or norm != norm for norm in found.norms[0].values())
    assert all(norm < float("inf") for norms in found.norms[1:] for norm in norms.values())
    assert [name for name in fresh if torch.equal(found.weights[-1][name], fresh[name])] == []
    assert found.scaler.get_scale() == 2.0**8
    assert found.steps == 4
    assert isinstance(found.module.trainer.optimizers[0], CompositeOptimiser) == bool(settings)


def test_a_gradient_that_is_nan_at_every_scale_is_no_overflow(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The square root of zero has an infinite slope: the loss is finite, its gradient never is."""
    former = ForecastModule.loss_values

    def rooted(module: ForecastModule, forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        values = former(module, forecast, batch)
        return {**values, "mse": values["mse"] + 0 * (0 * forecast.central.float().flatten()[0]).sqrt()}

    monkeypatch.setattr(ForecastModule, "loss_values", rooted)
    with pytest.raises(NonFiniteError, match="the gradient of backbone, central is not finite"):
        trained(source, ["data.batch_size=4"], scale=4.0)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_a_loss_that_is_nan_leaves_out_its_step_alone(
    source: Path, monkeypatch: pytest.MonkeyPatch, accumulated: int
) -> None:
    """The second of four batches, in a step of its own and as the second part of the first step."""
    former, count = ForecastModule.loss_values, 0

    def once(module: ForecastModule, forecast: Forecast, batch: Batch) -> dict[str, Tensor]:
        nonlocal count
        count += module.training
        values = former(module, forecast, batch)
        return {**values, "mse": values["mse"] * float("nan")} if module.training and count == 2 else values

    monkeypatch.setattr(ForecastModule, "loss_values", once)
    settings = ["trainer.on_nonfinite=skip", f"trainer.accumulate_grad_batches={accumulated}"]
    found = trained(source, settings)
    fresh = dict(assemble(tiny_spec(source)).module.forecaster.named_parameters())
    before = found.weights[0] if accumulated == 1 else fresh
    assert same_bits(found.weights[1], before)
    assert not same_bits(found.weights[-1], before)
    skipped = found.module.finite.skipped
    assert (skipped.total, skipped.in_a_row) == (1, 0)
    assert "the loss mse is not finite" in skipped.last
    assert found.steps == 4 // accumulated
    assert all(bool(value.isfinite().all()) for value in found.weights[-1].values())

"""Every feature of the trainer, with routing on: the engines agree, and the central forecast keeps its independence."""

from collections.abc import Sequence
from pathlib import Path

import jaxtyping
import pytest
import torch
from support.checkpoints import best_state, last_state, read
from support.routed_nets import same_bits
from support.tiny_runs import tiny_spec
from torch import Tensor

from stq.app import check, check_grads, train
from stq.app._assembly import assemble
from stq.errors import NonFiniteError, UsageError
from stq.losses import MSE
from stq.tensors import Batch, Forecast, Target
from stq.training import ForecastModule, fit, load_weights

Weights = dict[str, Tensor]

SAME = {
    "anomaly detection": ["trainer.detect_anomaly=true"],
    "checkpointed activations": ["model.checkpoint_activations=true"],
}
"""Features that change no bit of what is trained."""

LONGER = ["trainer.max_epochs=4", "optim.lr=0.3"]
"""Long enough, and with steps large enough, for a plateau to show."""

ISOLATED = {
    **SAME,
    "no clipping": ["optim.clip=null"],
    "a ragged last window": ["trainer.accumulate_grad_batches=3"],
    "a constant rate": ["optim.schedule={name: constant, warmup: 0}"],
    "a cosine by epoch": ["optim.schedule={name: cosine, interval: epoch}"],
    "stairs by epoch": ["optim.schedule={name: step, step: {every: 1, factor: 0.5}}"],
    "stairs by step": ["optim.schedule={name: step, interval: step, step: {every: 5, factor: 0.5}}"],
    "exponential decay": ["optim.schedule={name: exponential, exponential: {factor: 0.5}}"],
    "a plateau": [*LONGER, "optim.schedule={name: plateau, plateau: {patience: 0}}"],
    "a plateau of a central loss": [
        *LONGER,
        "optim.schedule={name: plateau, plateau: {patience: 0, monitor: laplacian}}",
    ],
    "one cycle": ["optim.schedule={name: one-cycle}"],
    "64 bits": ["trainer.precision=64-true"],
    "bfloat16": ["trainer.precision=bf16-mixed"],
    "averaged weights": ["trainer.ema=0.8"],
    "averaged weights of 64 bits": ["trainer.ema=0.8", "trainer.precision=64-true"],
    "an algorithm of its own": ["optim.groups={central: {name: rmsprop, momentum: 0.5, lr: 1e-4}}"],
    "checkpointed layers": ["model={checkpoint_activations: true, hidden: [4, 3], dropout: 0.4}"],
    "two convolutions a cell": ["model={checkpoint_activations: true, hidden: [16, 3], dropout: 0.4}"],
}
LEAKING = {
    "clipping by one norm": ["optim.clip={norm: 0.02, per: global}"],
    "a plateau of the band's loss": [
        "trainer.max_epochs=4",
        "optim.schedule={name: plateau, plateau: {patience: 0, factor: 0.5, monitor: pinball}}",
    ],
}
"""Features that were asked for and that let the quantile side reach the backbone: not by a gradient."""

OTHER_SIDE = [
    "quantiles.levels=[0.05, 0.5, 0.95]",
    "losses.pinball.weight=9",
    "optim.groups.quantiles={name: sgd, lr: 5, momentum: 0.9}",
]


def trained(source: Path, overrides: Sequence[str]) -> Weights:
    """The weights after a fit of two epochs, 4 steps each."""
    experiment = assemble(tiny_spec(source, ["trainer.max_epochs=2", *overrides]))
    fit(experiment.module, experiment.loaders, experiment.loaded.spec.trainer, checkpoints=None)
    return {name: value.clone() for name, value in experiment.module.forecaster.state_dict().items()}


def central_part(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if name.startswith(("convlstm.", "central_heads."))}


@pytest.fixture(scope="module")
def plain(source: Path) -> Weights:
    return trained(source, [])


@pytest.mark.parametrize("feature", ISOLATED | LEAKING)
def test_pruned_and_save_restore_train_to_the_same_bits(source: Path, plain: Weights, feature: str) -> None:
    overrides = (ISOLATED | LEAKING)[feature]
    pruned, original = (trained(source, [*overrides, f"routing.engine={e}"]) for e in ("pruned", "save-restore"))
    assert same_bits(pruned, original)
    assert same_bits(pruned, plain) == (feature in SAME)


@pytest.mark.parametrize("feature", ISOLATED)
def test_the_central_forecast_does_not_depend_on_the_quantile_side(source: Path, feature: str) -> None:
    one, other = (trained(source, [*ISOLATED[feature], *side]) for side in ([], OTHER_SIDE))
    assert same_bits(central_part(one), central_part(other))


@pytest.mark.parametrize("feature", LEAKING)
def test_what_the_documentation_warns_of_does_let_the_quantile_side_in(source: Path, feature: str) -> None:
    one, other = (trained(source, [*LEAKING[feature], *side]) for side in ([], OTHER_SIDE))
    assert not same_bits(central_part(one), central_part(other))


def test_layers_with_checkpointed_activations_train_to_the_bits_of_layers_without(source: Path) -> None:
    layers = "model.hidden=[4, 3]"
    assert same_bits(trained(source, [layers]), trained(source, [layers, "model.checkpoint_activations=true"]))


def test_an_anomaly_names_the_operation_that_gave_it(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def root_at_zero(loss: MSE, forecast: Forecast, target: Target) -> Tensor:
        return (forecast.central * 0).sqrt().sum()

    monkeypatch.setattr(MSE, "forward", root_at_zero)
    with (
        pytest.warns(UserWarning, match="Traceback of forward call"),
        pytest.raises(NonFiniteError, match=r"NaN: .*Sqrt|NaN: .*Mul"),
    ):
        trained(source, ["trainer.detect_anomaly=true"])


def test_compiled_cells_train_as_others_do(source: Path, plain: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a backend that needs no compiler of C++; it gives the same graphs, one node a cell in the backward."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # a checker of shapes can't be traced
    monkeypatch.setattr(ForecastModule, "compiler", "aot_eager")
    compiled, original = (
        trained(source, ["model.compile=true", f"routing.engine={engine}"]) for engine in ("pruned", "save-restore")
    )
    assert compiled.keys() == plain.keys()
    for name, value in plain.items():
        torch.testing.assert_close(compiled[name], value, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(original[name], value, rtol=1e-5, atol=1e-6)
    other = trained(source, ["model.compile=true", *OTHER_SIDE])
    assert same_bits(central_part(other), central_part(compiled))


def test_more_forms_of_a_cell_than_torch_allows_are_compiled(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three layers, with and without a state, in training and validation; torch would go on uncompiled after eight."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.setattr(ForecastModule, "compiler", "aot_eager")
    monkeypatch.setattr(torch._dynamo.config, "fail_on_recompile_limit_hit", True)
    torch._dynamo.reset()
    assert trained(source, ["model.compile=true", "model.hidden=[3, 4, 3]"])


def test_a_compiler_that_fails_is_named_with_its_remedy(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForecastModule, "compiler", "no-such-compiler")
    with pytest.raises(UsageError, match=r"can't be compiled here .*model\.compile: false"):
        trained(source, ["model.compile=true"])


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_the_averaged_weights_are_kept_and_those_that_train_are_undisturbed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    steps: list[Weights] = []

    def record(module: ForecastModule, *_: object) -> None:
        steps.append({name: value.detach().clone() for name, value in module.forecaster.named_parameters()})

    monkeypatch.setattr(ForecastModule, "on_train_batch_end", record)
    common = ["trainer.max_epochs=2", "optim.lr=0.1", f"trainer.precision={precision}"]
    trained(source, common)
    undisturbed, steps = steps, []
    result = train(tiny_spec(source, [*common, "trainer.ema=0.8"]), run_dir=tmp_path / "run")
    steps = steps[1:]  # the first was the audit's
    assert [same_bits(a, b) for a, b in zip(steps, undisturbed, strict=True)] == [True] * 8
    mean = dict(steps[0])
    means = [mean]
    for weights in steps[1:]:
        mean = {name: 0.8 * mean[name] + (1 - 0.8) * value for name, value in weights.items()}
        means.append(mean)
    best = load_weights(best_state(tmp_path / "run"))
    assert any(all(torch.equal(best[name], value) for name, value in means[step].items()) for step in (3, 7))
    last = read(last_state(tmp_path / "run"))
    for name, value in steps[-1].items():
        assert torch.equal(last["current_model_state"][f"forecaster.{name}"], value)
        assert torch.equal(last["state_dict"][f"forecaster.{name}"], means[-1][name])
    assert result.best_central == pytest.approx(central_error(source, best, common), rel=1e-6)


def central_error(source: Path, weights: Weights, overrides: Sequence[str]) -> float:
    """The root mean square error of the central forecast over the validation part, normalised, by hand."""
    experiment = assemble(tiny_spec(source, overrides))
    dtype = weights["convlstm.cells.0.gates.bias"].dtype
    forecaster = experiment.module.forecaster.to(dtype)
    forecaster.load_state_dict(weights)
    forecaster.eval()
    squares = []
    for batch in experiment.loaders.val_dataloader():
        with torch.no_grad():
            forecast = forecaster(batch.inputs.to(dtype), batch.base.to(dtype), batch.location.to(dtype))
        squares.append((forecast.central - batch.values)[batch.valid].double().square())
    return float(torch.cat(squares).mean().sqrt())


def test_an_audit_is_made_of_compiled_cells_and_finds_no_zeros_outside_a_class(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.setattr(ForecastModule, "compiler", "aot_eager")
    compiled: list[bool] = []
    step = ForecastModule.training_step

    def seen(module: ForecastModule, batch: Batch, batch_idx: int) -> Tensor:
        compiled.append(all(cell._compiled_call_impl is not None for cell in module.forecaster.convlstm.cells))
        return step(module, batch, batch_idx)

    monkeypatch.setattr(ForecastModule, "training_step", seen)
    result = check_grads(tiny_spec(source, ["model.compile=true"]))
    assert compiled == [True]
    assert result.audit.problems == ()
    verdicts = {(cell.loss, cell.group): cell.verdict for cell in result.audit.cells}
    assert verdicts["pinball", "backbone"] == "blocked"


@pytest.mark.parametrize("feature", LEAKING)
def test_what_lets_the_quantile_side_in_is_noted(source: Path, feature: str) -> None:
    notes = check(tiny_spec(source, LEAKING[feature])).notes
    assert any("the central forecast depends on the quantile side" in note for note in notes)
    assert not any("quantile side" in note for note in check(tiny_spec(source, ISOLATED["a plateau"])).notes)

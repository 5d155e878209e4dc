"""What stq promises of a whole training run, through a real Trainer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.checkpoints import best_state
from support.grids import write_grid
from support.tiny_runs import tiny_spec

from stq.app import RunFolder, TrainResult, check_grads, evaluate, train
from stq.app._assembly import assemble
from stq.app._forecasting import forecast_split
from stq.errors import CheckFailed, SpecError, UsageError
from stq.training import EpochEnded, Started, Stepped, load_weights


def weights_of(result: TrainResult, part: str = "") -> dict[str, torch.Tensor]:
    assert result.run is not None
    found = load_weights(best_state(result.run))
    return {name: value for name, value in found.items() if name.startswith(part)}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


CENTRAL = ("convlstm.", "central_heads.")


def central_part(result: TrainResult) -> dict[str, torch.Tensor]:
    return {name: value for prefix in CENTRAL for name, value in weights_of(result, prefix).items()}


@pytest.fixture(scope="module")
def plain(source: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(tiny_spec(source), run_dir=tmp_path_factory.mktemp("plain") / "run")


def test_training_moves_every_group(source: Path, plain: TrainResult) -> None:
    fresh = dict(assemble(tiny_spec(source)).module.forecaster.named_parameters())
    trained = weights_of(plain)
    still = [name for name in fresh if torch.equal(fresh[name], trained[name])]
    assert still == []


def test_the_same_spec_trains_to_the_same_bits(source: Path, plain: TrainResult, tmp_path: Path) -> None:
    assert equal(weights_of(plain), weights_of(train(tiny_spec(source), run_dir=tmp_path / "again")))


def test_pruned_and_save_restore_train_to_the_same_bits(source: Path, plain: TrainResult, tmp_path: Path) -> None:
    other = train(tiny_spec(source, ["routing.engine=save-restore"]), run_dir=tmp_path / "run")
    assert equal(weights_of(plain), weights_of(other))


def test_joint_trains_to_other_bits(source: Path, plain: TrainResult, tmp_path: Path) -> None:
    other = train(tiny_spec(source, ["routing.engine=joint", "quantiles.order=independent"]), run_dir=tmp_path / "run")
    assert not equal(central_part(plain), central_part(other))


@pytest.mark.parametrize(
    "overrides",
    [
        ["quantiles.levels=[0.05, 0.5, 0.95]"],
        ["quantiles.order=independent"],
        ["losses.pinball.weight=7"],
        ["optim.groups={quantiles: {lr: 0.1, weight_decay: 0.3}}"],
        [
            "losses=[mse, {loss: laplacian, weight: 0.3, levels: 2}, pinball, "
            "{loss: pinball, name: again, weight: 5}, {loss: huber, updates: [quantiles], weight: 0}]"
        ],
        ["quantiles=null", "calibration=null", "losses=[mse, {loss: laplacian, weight: 0.3, levels: 2}]"],
    ],
    ids=[
        "other levels",
        "other order",
        "other weight",
        "other optimiser settings",
        "other losses",
        "no quantiles at all",
    ],
)
def test_the_central_forecast_does_not_depend_on_the_quantile_side(
    source: Path, plain: TrainResult, tmp_path: Path, overrides: list[str]
) -> None:
    other = train(tiny_spec(source, overrides), run_dir=tmp_path / "run")
    assert equal(central_part(plain), central_part(other))
    assert other.best_central == plain.best_central


def test_new_levels_fitted_to_a_finished_run_leave_its_central_forecast_as_it_was(
    source: Path, plain: TrainResult, tmp_path: Path
) -> None:
    spec = tiny_spec(
        source,
        [f"init_from={plain.run}", "freeze=[backbone, central]", "quantiles.levels=[0.25, 0.75]", "seed=99"],
    )
    other = train(spec, run_dir=tmp_path / "run")
    assert equal(central_part(plain), central_part(other))
    before, after = (assemble(RunFolder(run).load_spec(), RunFolder(run)) for run in (plain.run, other.run))
    pairs = zip(
        forecast_split(before.module.forecaster, before.data, "test", batch_size=4),
        forecast_split(after.module.forecaster, after.data, "test", batch_size=4),
        strict=True,
    )
    assert all(torch.equal(a.central, b.central) for a, b in pairs)


def test_the_best_epoch_of_new_levels_is_not_the_first_because_the_central_error_stands_still(
    source: Path, plain: TrainResult, tmp_path: Path
) -> None:
    """Where the central forecast is frozen, the losses that train choose the best epoch and the end."""
    overrides = [f"init_from={plain.run}", "freeze=[backbone, central]", "quantiles.levels=[0.25, 0.75]"]
    run = tmp_path / "run"
    train(tiny_spec(source, [*overrides, "trainer.max_epochs=4", "trainer.patience=1", "optim.lr=0.02"]), run_dir=run)
    rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert len({row["val_central"] for row in table}) == 1
    losses = [float(row["val_pinball"]) for row in table]
    assert len(table) == 4
    assert losses[-1] < losses[0]
    assert [bool(int(row["best"])) for row in table] == [loss == min(losses[: i + 1]) for i, loss in enumerate(losses)]


def test_a_run_is_not_judged_on_what_its_initial_weights_were_trained_on(source: Path, plain: TrainResult) -> None:
    overrides = [f"init_from={plain.run}", "data.split={train: 0.5, val: 0.2, test: 0.3}", "calibration=null"]
    with pytest.raises(SpecError, match="has seen 6 of the 12 dates of val"):
        assemble(tiny_spec(source, overrides))
    shorter = ["data.split={train: [1995-01, 1997-06], val: [1998-01, 1998-09], test: [1999-04, 1999-12]}"]
    assemble(tiny_spec(source, [overrides[0], *shorter, "calibration=null"]))


def test_a_head_does_not_start_from_the_weights_of_another_horizon(source: Path, plain: TrainResult) -> None:
    with pytest.raises(SpecError, match=r"horizons \[1, 2\], found \[2\]"):
        assemble(tiny_spec(source, [f"init_from={plain.run}", "data.horizons=[2]"]))
    assemble(tiny_spec(source, [f"init_from={plain.run}", "data.horizons=[1, 2, 3]"]))


def test_the_number_of_workers_does_not_change_the_result(source: Path, plain: TrainResult, tmp_path: Path) -> None:
    other = train(tiny_spec(source, ["data.workers=1"]), run_dir=tmp_path / "run")
    assert equal(weights_of(plain), weights_of(other))


def test_a_last_window_that_is_short_is_averaged_over_the_batches_that_it_has(source: Path, tmp_path: Path) -> None:
    """An epoch has 4 batches: one step either way."""
    common = ["optim={name: sgd, lr: 0.1, clip: null, schedule: {name: constant, warmup: 0}}", "trainer.max_epochs=1"]
    runs = [
        weights_of(
            train(tiny_spec(source, [*common, f"trainer.accumulate_grad_batches={n}"]), run_dir=tmp_path / str(n))
        )
        for n in (4, 7)
    ]
    for name, value in runs[0].items():
        torch.testing.assert_close(runs[1][name], value, rtol=1e-5, atol=1e-6)


def test_a_horizon_that_the_first_batch_knows_nothing_of_is_not_starved(tmp_path: Path) -> None:
    """Two frames in five are missing, and a batch is one window: the first check looks at further batches."""
    random = np.random.default_rng(0)
    time, y, x = np.meshgrid(np.arange(60), np.arange(8), np.arange(8), indexing="ij")
    air = 280 + 3 * np.sin(time / 2.5 + x / 2 + y / 3) + 0.3 * random.normal(size=time.shape)
    gone = np.isin(time, random.choice(60, 24, replace=False))
    sea = (air + 1).astype(np.float32)
    source = write_grid(tmp_path / "gaps.nc", {"air": np.where(gone, np.nan, air).astype(np.float32), "sea": sea})
    split = "data.split={train: 0.5, val: 0.2, calibration: 0.15, test: 0.15}"
    for seed in range(4):
        spec = tiny_spec(source, [f"seed={seed}", "data.batch_size=1", split])
        assert train(spec, dry_run=True).audit.audit.verdict == "pass"


class Watch:
    """Keeps what training says at its start."""

    def __init__(self) -> None:
        self.begun: list[Started] = []

    def started(self, event: Started) -> None:
        self.begun.append(event)

    def stepped(self, event: Stepped) -> None:
        pass

    def epoch_ended(self, event: EpochEnded) -> None:
        pass


def test_an_epoch_has_fewer_steps_than_batches_where_they_accumulate(source: Path, tmp_path: Path) -> None:
    watch = Watch()
    overrides = ["trainer.accumulate_grad_batches=3", "trainer.max_epochs=1"]
    result = train(tiny_spec(source, overrides), run_dir=tmp_path / "run", observers=(watch,))
    assert [(event.batches_per_epoch, event.steps_per_epoch) for event in watch.begun] == [(4, result.steps)]
    assert result.steps == 2


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = train(tiny_spec(source), dry_run=True)
    assert result.steps == 1
    assert result.run is None
    assert list(tmp_path.iterdir()) == []


def test_an_audit_leaves_the_training_that_follows_as_it_was(source: Path) -> None:
    spec = tiny_spec(source)
    experiment = assemble(spec)
    before = {name: value.clone() for name, value in experiment.module.forecaster.state_dict().items()}
    check_grads(spec)
    from stq.app._check_grads import audit_experiment

    audit_experiment(experiment)
    assert equal(before, dict(experiment.module.forecaster.state_dict()))
    assert experiment.module.router.probe is None
    assert all(parameter.grad is None for parameter in experiment.module.parameters())


def test_the_audit_of_the_real_step_says_what_the_table_says(source: Path) -> None:
    result = check_grads(tiny_spec(source))
    verdicts = {(cell.loss, cell.group): cell for cell in result.audit.cells}
    assert result.passed
    assert result.audit.reference_difference == 0.0
    assert verdicts["pinball", "backbone"].verdict == "blocked"
    assert verdicts["pinball", "backbone"].raw_norm > 0
    assert verdicts["pinball", "backbone"].applied_norm == 0.0
    assert verdicts["pinball", "central"].verdict == "none"
    assert verdicts["mse", "quantiles"].verdict == "none"
    assert verdicts["mse", "backbone"].verdict == "ok"


def test_scores_of_a_finished_run_are_the_same_twice(plain: TrainResult) -> None:
    assert plain.run is not None
    first, second = (evaluate(RunFolder(plain.run)) for _ in range(2))
    assert first.scores == second.scores
    assert all(score.n > 0 for score in first.scores)


@pytest.mark.parametrize("steps", [2, 6])
def test_a_budget_of_steps_ends_with_a_validation(source: Path, tmp_path: Path, steps: int) -> None:
    """The epoch has 4 steps: the budget ends within the first and within the second."""
    result = train(tiny_spec(source, [f"trainer.max_steps={steps}"]), run_dir=tmp_path / "run")
    assert result.steps == steps
    assert (tmp_path / "run" / "metrics.csv").read_text().splitlines()[-1].split(",")[1] == str(steps)


def test_a_run_folder_in_use_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        train(tiny_spec(tmp_path / "gone.nc"), run_dir=tmp_path)


def test_two_runs_of_one_spec_never_share_a_folder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec, places = tiny_spec(source), set()
    for _ in range(5):
        run = RunFolder.place(spec, None)
        run.write_spec(spec)
        places.add(run.path)
    assert len(places) == 5


def test_a_loss_that_is_switched_off_may_be_anything(source: Path, tmp_path: Path) -> None:
    """It is computed and shown, and stops nothing; with a weight it does."""
    plugin = tmp_path / "odd.py"
    plugin.write_text(
        "from stq import hookimpl\nfrom stq.losses import Loss\n\n\nclass Odd(Loss):\n"
        '    """Never a number."""\n\n    name = "odd"\n    updates = ("backbone", "central")\n\n'
        "    def forward(self, forecast, target):\n        return forecast.central.sum() * float('nan')\n\n\n"
        "@hookimpl\ndef stq_losses():\n    return [Odd]\n"
    )
    losses = "losses=[mse, pinball, {{loss: odd, weight: {}}}]"
    common = [f"plugins=[{plugin}]", "trainer.max_epochs=1"]
    assert train(tiny_spec(source, [*common, losses.format(0)]), dry_run=True).steps == 1
    with pytest.raises(CheckFailed, match="odd or its gradient on backbone is not finite"):
        train(tiny_spec(source, [*common, losses.format(1)]), dry_run=True)

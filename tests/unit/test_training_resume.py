"""A run that was stopped and continued is the run that was never stopped."""

import csv
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.checkpoints import best_state, last_state, read, replace
from support.plugin_files import LOSS
from support.routed_nets import same_bits
from support.tiny_runs import tiny_spec
from torch import Tensor

import stq.app._disk_space
from stq.app import RunFolder, TrainResult, calibrate, resume, train
from stq.app._assembly import assemble
from stq.app._identity import Identity
from stq.app._memory import bytes_of_state
from stq.errors import CheckFailed, DataError, DiskError, Stopped, UsageError
from stq.spec import LoadedSpec, load_spec
from stq.tensors import Batch
from stq.training import CheckpointStore, EpochEnded, ForecastModule, Started, Stepped, load_weights


class StopAt:
    """An observer that sends a signal to its own process after a step."""

    def __init__(self, step: int, number: int = signal.SIGTERM) -> None:
        self.step = step
        self.number = number

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """Send it."""
        if event.step == self.step:
            os.kill(os.getpid(), self.number)

    def epoch_ended(self, event: EpochEnded) -> None:
        """Nothing to do."""


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(tiny_spec(source), run_dir=tmp_path_factory.mktemp("whole") / "run")


def checkpoint(run: Path) -> dict[str, Any]:
    return read(last_state(run))


def whole_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table of metrics without the time they took."""
    with table.open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("stops", [(1,), (4, 7), (5,), (10, 11)])
def test_a_run_that_was_stopped_ends_with_the_same_bits(
    source: Path, whole: TrainResult, tmp_path: Path, stops: tuple[int, ...]
) -> None:
    """The run has 4 steps an epoch: stops within an epoch, at its end, and twice."""
    spec = tiny_spec(source)
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Stopped) as stopped:
        train(spec, run_dir=folder.path, observers=[StopAt(stops[0])])
    assert stopped.value.signal == signal.SIGTERM
    for stop in stops[1:]:
        with pytest.raises(Stopped):
            resume(spec, folder, observers=[StopAt(stop)])
    result = resume(spec, folder)
    assert (result.steps, result.epochs, result.best_central) == (whole.steps, whole.epochs, whole.best_central)
    assert whole.run is not None
    ours, theirs = checkpoint(folder.path), checkpoint(whole.run)
    for name, value in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][name], value), name
    assert whole_rows(folder.metrics) == whole_rows(whole.run / "metrics.csv")


@pytest.fixture
def _not_ignored(number: int) -> Iterator[None]:
    """Whoever began the tests, in the background or under nohup, may have them ignore it."""
    former = signal.signal(number, signal.default_int_handler)
    yield
    signal.signal(number, former)


@pytest.mark.usefixtures("_not_ignored")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_every_signal_saves_before_it_stops(source: Path, tmp_path: Path, number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped:
        train(tiny_spec(source), run_dir=tmp_path / "run", observers=[StopAt(2, number)])
    assert stopped.value.signal == number
    assert checkpoint(tmp_path / "run")["global_step"] == 2
    assert signal.getsignal(number) == before


def test_another_spec_does_not_continue_a_run(source: Path, whole: TrainResult) -> None:
    assert whole.run is not None
    with pytest.raises(UsageError, match="differs"):
        resume(tiny_spec(source, ["optim.lr=0.5"]), RunFolder(whole.run))


def test_a_damaged_checkpoint_is_refused(source: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Stopped):
        train(tiny_spec(source), run_dir=folder.path, observers=[StopAt(1)])
    last = last_state(folder.path)
    last.write_bytes(last.read_bytes()[:200])
    with pytest.raises(CheckFailed, match="damaged"):
        resume(tiny_spec(source), folder)


def test_a_damaged_newest_is_gone_back_behind_to_the_same_bits(
    source: Path, whole: TrainResult, tmp_path: Path
) -> None:
    folder, notes = RunFolder(tmp_path / "run"), []
    with pytest.raises(Stopped):
        train(tiny_spec(source), run_dir=folder.path, observers=[StopAt(6)])
    newest = last_state(folder.path)
    newest.write_bytes(newest.read_bytes()[:-1])
    (folder.checkpoints / ".step-00000007.part").mkdir()
    result = resume(tiny_spec(source), folder, on_ready=lambda ready: notes.extend(ready.resumed))
    assert notes == [result.notes[0]]
    assert "step-00000006" in notes[0]
    assert "goes on from step-00000004, at step 4" in notes[0]
    assert sorted(path.name[:13] for path in folder.checkpoints.iterdir())[1:] == ["step-00000008", "step-00000012"]
    assert whole.run is not None
    assert equal(checkpoint(folder.path)["state_dict"], checkpoint(whole.run)["state_dict"])
    assert whole_rows(folder.metrics) == whole_rows(whole.run / "metrics.csv")


def test_a_longer_training_is_gone_on_with_as_if_it_had_been_asked_for_at_first(source: Path, tmp_path: Path) -> None:
    steady = "optim.schedule={name: constant, warmup: 0}"
    whole = train(tiny_spec(source, [steady]), run_dir=tmp_path / "whole")
    run = RunFolder(tmp_path / "run")
    train(tiny_spec(source, [steady, "trainer.max_epochs=2"]), run_dir=run.path)
    result = resume(tiny_spec(source, [steady, "trainer.log_every_n_steps=2"]), run)
    assert result.notes[:2] == (
        "the run goes on with another trainer.max_epochs: 2 then, 3 now",
        "the run goes on with another trainer.log_every_n_steps: 1 then, 2 now",
    )
    assert (result.steps, result.best_central) == (whole.steps, whole.best_central)
    assert whole.run is not None
    assert equal(checkpoint(run.path)["state_dict"], checkpoint(whole.run)["state_dict"])
    assert run.load_spec().spec.trainer.max_epochs == 3
    (noted,) = run.read_environment()["resumed"]
    assert (noted["step"], noted["notes"]) == (8, list(result.notes[:2]))
    known = Identity.from_dict(CheckpointStore(run.checkpoints).newest().manifest.experiment)
    assert known.spec["trainer.log_every_n_steps"] == "2"


def test_a_run_goes_on_with_its_own_copy_of_a_plugin_file_and_says_so(source: Path, tmp_path: Path) -> None:
    plugin, run, notes = tmp_path / "mine.py", RunFolder(tmp_path / "run"), []
    plugin.write_text(LOSS.format(name="mine"))
    with pytest.raises(Stopped):
        train(tiny_spec(source, [f"plugins=[{plugin}]"]), run_dir=run.path, observers=[StopAt(9)])
    plugin.write_text("raise RuntimeError('not to be run')")
    resume(load_spec(run.resolved), run, on_ready=lambda ready: notes.extend(ready.resumed))
    assert [note.partition(";")[0] for note in notes] == ["plugin file 0-mine.py has changed since"]


def test_a_training_that_the_disk_has_no_room_for_is_refused_before_its_first_step(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stq.app._disk_space, "free_space", lambda path: 400_000)
    with pytest.raises(DiskError, match=r"checkpoints can't be written: .* don't fit \(4.* kB needed, .* free\)"):
        train(tiny_spec(source), run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    monkeypatch.setattr(stq.app._disk_space, "free_space", lambda path: 800_000)
    train(tiny_spec(source, ["trainer.max_epochs=1"]), run_dir=tmp_path / "run")


@pytest.mark.parametrize("changes", [[], ["trainer.ema=0.9"], ["optim.name=sgd"]], ids=["adamw", "averaged", "sgd"])
def test_the_size_of_a_checkpoint_is_known_before_there_is_one(
    source: Path, tmp_path: Path, changes: list[str]
) -> None:
    spec = tiny_spec(source, ["model.hidden=[64]", "trainer.max_steps=1", *changes])
    expected = bytes_of_state(assemble(spec))
    train(spec, run_dir=tmp_path / "run")
    assert 0.85 * expected < last_state(tmp_path / "run").stat().st_size <= expected


def test_a_run_that_was_moved_keeps_its_best(source: Path, whole: TrainResult, tmp_path: Path) -> None:
    spec = tiny_spec(source)
    with pytest.raises(Stopped):
        train(spec, run_dir=tmp_path / "here", observers=[StopAt(9)])
    moved = (tmp_path / "here").rename(tmp_path / "there")
    best = load_weights(best_state(moved))
    last = last_state(moved)
    state = read(last)
    state["callbacks"]["KeepCheckpoints"]["least"] = 1e-6  # as if of an epoch that no later one reaches
    replace(last, state)
    resume(spec, RunFolder(moved))
    kept = load_weights(best_state(moved))
    assert all(torch.equal(kept[name], best[name]) for name in best)
    assert not (tmp_path / "here").exists()


def test_an_epoch_that_is_only_as_good_as_the_best_is_not_a_better_one(source: Path, tmp_path: Path) -> None:
    """Steps too small for any digit of a weight: all three epochs have one value, and the first one is the best."""
    train(tiny_spec(source, ["optim.lr=1e-30"]), run_dir=tmp_path / "run")
    assert best_state(tmp_path / "run").parent.name == "best-00000004"


def test_a_stop_among_accumulating_batches_waits_for_their_step(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No checkpoint holds the gradients of a window that is not full; the epoch has windows of 3 batches and of 1."""
    spec = tiny_spec(source, ["trainer.accumulate_grad_batches=3"])
    whole = train(spec, run_dir=tmp_path / "whole")
    step = ForecastModule.training_step

    def stopped_in_the_second_batch(module: ForecastModule, batch: Batch, batch_idx: int) -> Tensor:
        if module.trainer.global_step == 2 and batch_idx == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(module, batch, batch_idx)

    folder = RunFolder(tmp_path / "run")
    monkeypatch.setattr(ForecastModule, "training_step", stopped_in_the_second_batch)
    with pytest.raises(Stopped):
        train(spec, run_dir=folder.path)
    monkeypatch.setattr(ForecastModule, "training_step", step)
    assert checkpoint(folder.path)["global_step"] == 3
    resumed = resume(spec, folder)
    assert (resumed.steps, resumed.best_central) == (whole.steps, whole.best_central)
    assert whole.run is not None
    ours, theirs = checkpoint(folder.path), checkpoint(whole.run)
    for name, value in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][name], value), name


def test_a_signal_that_the_process_ignores_stays_ignored(source: Path, tmp_path: Path) -> None:
    """As SIGHUP is under nohup."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = train(tiny_spec(source), run_dir=tmp_path / "run", observers=[StopAt(2, signal.SIGHUP)])
        assert result.status == "completed"
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)


def test_a_run_goes_on_without_the_run_that_its_weights_came_from(source: Path, tmp_path: Path) -> None:
    train(tiny_spec(source, ["trainer.max_epochs=1"]), run_dir=tmp_path / "origin")
    spec = tiny_spec(source, [f"init_from={tmp_path / 'origin'}"])
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Stopped):
        train(spec, run_dir=folder.path, observers=[StopAt(2)])
    shutil.rmtree(tmp_path / "origin")
    assert resume(spec, folder).status == "completed"


def test_a_run_that_lost_its_statistics_does_not_go_on(source: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Stopped):
        train(tiny_spec(source), run_dir=folder.path, observers=[StopAt(2)])
    folder.statistics.unlink()
    with pytest.raises(DataError, match=r"statistics\.npz"):
        resume(tiny_spec(source), folder)


@pytest.mark.parametrize(
    ("overrides", "stopped_early"),
    [
        (["optim.lr=1.0", "trainer.max_epochs=20", "trainer.patience=1"], True),
        (["trainer.max_steps=6"], False),
        ([], False),
    ],
    ids=["patience", "max_steps", "max_epochs"],
)
def test_a_run_that_ended_stays_ended_and_only_what_was_left_is_done(
    source: Path, tmp_path: Path, overrides: list[str], stopped_early: bool
) -> None:
    """As one is found that was killed between its last checkpoint and its calibration."""
    spec, folder = tiny_spec(source, overrides), RunFolder(tmp_path / "run")
    train(spec, run_dir=folder.path)
    before = ending_of(folder)
    folder.outcome.unlink()
    folder.calibration.unlink()
    assert resume(spec, folder).stopped_early == stopped_early
    assert ending_of(folder) == before


@pytest.mark.parametrize("stops", [[3], [4, 5]], ids=["within an epoch", "after an epoch, and within one"])
def test_a_run_that_is_given_more_steps_is_the_one_that_had_them_from_the_first(
    source: Path, tmp_path: Path, stops: list[int]
) -> None:
    """Epochs of two steps, the second of which is of one batch instead of three."""
    steady = ["optim.schedule={name: constant, warmup: 0}", "trainer.accumulate_grad_batches=3", "trainer.max_epochs=4"]

    def spec(steps: int) -> LoadedSpec:
        return tiny_spec(source, [*steady, f"trainer.max_steps={steps}"])

    whole, run = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "run")
    train(spec(8), run_dir=whole.path)
    train(spec(stops[0]), run_dir=run.path)
    for steps in (*stops[1:], 8):
        assert resume(spec(steps), run).steps == steps
    states = [read(last_state(folder.path))["state_dict"] for folder in (whole, run)]
    assert same_bits(*states)
    assert whole_rows(run.metrics) == whole_rows(whole.metrics)


def test_a_run_with_a_budget_of_steps_that_was_killed_after_an_epoch_goes_on(source: Path, tmp_path: Path) -> None:
    spec, run = tiny_spec(source, ["trainer.max_steps=12"]), RunFolder(tmp_path / "run")
    train(spec, run_dir=run.path)
    before = ending_of(run)
    for later in run.checkpoints.glob("*-00000012"):
        shutil.rmtree(later)
    run.outcome.unlink()
    run.calibration.unlink()
    assert resume(spec, run).steps == 12
    assert ending_of(run) == before


def test_what_a_run_came_to_is_taken_back_where_it_trains_on_and_kept_where_it_does_not(
    source: Path, tmp_path: Path
) -> None:
    """A calibration is of one network: beside the best of a longer training it would be silently wrong."""
    steady, run = "optim.schedule={name: constant, warmup: 0}", RunFolder(tmp_path / "run")
    short = tiny_spec(source, [steady, "trainer.max_epochs=1"])
    train(short, run_dir=run.path)
    calibrate(run, by=["variable"])
    users_own = run.calibration.read_bytes()
    assert resume(short, run).calibrated
    assert run.calibration.read_bytes() == users_own
    with pytest.raises(Stopped):
        resume(tiny_spec(source, [steady]), run, observers=[StopAt(6)])
    assert not run.outcome.exists()
    assert not run.calibration.exists()
    assert run.former_calibration.read_bytes() == users_own
    assert resume(tiny_spec(source, [steady]), run).calibrated
    assert [len(row["notes"]) for row in run.read_environment()["resumed"]] == [0, 1, 0]


def ending_of(folder: RunFolder) -> dict[str, object]:
    """What a run came to; on what the statistics were fitted is noted by who fits them alone."""
    outcome = {key: value for key, value in folder.read_json(folder.outcome).items() if key != "notes"}
    return {**outcome, "calibration": folder.read_json(folder.calibration), "table": whole_rows(folder.metrics)}


FEATURES = {
    "nothing else": [],
    "a plateau": ["optim.lr=0.3", "optim.schedule={name: plateau, plateau: {patience: 0}}"],
    "stairs by epoch": ["optim.schedule={name: step, step: {every: 1, factor: 0.5}}"],
    "one cycle": ["optim.schedule={name: one-cycle}"],
    "averaged weights": ["trainer.ema=0.8"],
    "algorithms by group": ["optim.groups={quantiles: {name: sgd, lr: 0.1, momentum: 0.9}, central: {name: radam}}"],
}


class CopyAt:
    """An observer that copies the folder of its run after a step, as a run leaves it that is killed there."""

    def __init__(self, step: int, run: Path, copy: Path) -> None:
        self.step = step
        self.run = run
        self.copy = copy

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """Copy it."""
        if event.step == self.step:
            shutil.copytree(self.run, self.copy)

    def epoch_ended(self, event: EpochEnded) -> None:
        """Nothing to do."""


@pytest.mark.parametrize("feature", FEATURES)
def test_a_run_goes_on_from_its_last_epoch_and_from_a_stop_within_one(
    source: Path, tmp_path: Path, feature: str
) -> None:
    """Killed after step 10 it goes on from the checkpoint of the second epoch, at step 8; told to stop, from step 6."""
    spec = tiny_spec(source, ["trainer.max_epochs=4", *FEATURES[feature]])
    whole, killed, stopped = (RunFolder(tmp_path / name) for name in ("whole", "killed", "stopped"))
    train(spec, run_dir=whole.path, observers=[CopyAt(10, whole.path, killed.path)])
    assert checkpoint(killed.path)["global_step"] == 8
    resume(spec, killed)
    with pytest.raises(Stopped):
        train(spec, run_dir=stopped.path, observers=[StopAt(6)])
    resume(spec, stopped)
    theirs = checkpoint(whole.path)
    for folder in (killed, stopped):
        ours = checkpoint(folder.path)
        assert equal(ours["optimizer_states"], theirs["optimizer_states"])
        assert equal(ours["lr_schedulers"], theirs["lr_schedulers"])
        for part in theirs.keys() & {"state_dict", "current_model_state", "averaging_state"}:
            assert equal(ours[part], theirs[part]), part
        assert whole_rows(folder.metrics) == whole_rows(whole.metrics)


def equal(ours: object, theirs: object) -> bool:
    """The same values all the way down, tensors bit for bit."""
    if isinstance(ours, Tensor) and isinstance(theirs, Tensor):
        return torch.equal(ours, theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return ours == theirs

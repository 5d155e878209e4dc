"""A run that was stopped and continued is the run that was never stopped."""

import csv
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from support.tiny_runs import tiny_spec
from torch import Tensor

from stq.app import RunFolder, TrainResult, resume, train
from stq.errors import CheckFailed, DataError, Stopped, UsageError
from stq.tensors import Batch
from stq.training import EpochEnded, ForecastModule, Started, Stepped, load_weights


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


def checkpoint(run: Path) -> dict[str, object]:
    found = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert isinstance(found, dict)
    return found


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
    last = folder.checkpoints / "last.ckpt"
    last.write_bytes(last.read_bytes()[:200])
    with pytest.raises(CheckFailed, match="damaged"):
        resume(tiny_spec(source), folder)


def test_a_run_that_was_moved_keeps_its_best(source: Path, whole: TrainResult, tmp_path: Path) -> None:
    spec = tiny_spec(source)
    with pytest.raises(Stopped):
        train(spec, run_dir=tmp_path / "here", observers=[StopAt(9)])
    moved = (tmp_path / "here").rename(tmp_path / "there")
    best = load_weights(moved / "checkpoints" / "best.ckpt")
    last = moved / "checkpoints" / "last.ckpt"
    state = torch.load(last, weights_only=True)
    (callback,) = (value for key, value in state["callbacks"].items() if key.startswith("BestCheckpoint"))
    better = torch.tensor(1e-6)  # as if the best epoch had been one that no later epoch reaches
    callback["best_model_score"] = callback["kth_value"] = better
    callback["best_k_models"] = dict.fromkeys(callback["best_k_models"], better)
    torch.save(state, last)
    resume(spec, RunFolder(moved))
    kept = load_weights(moved / "checkpoints" / "best.ckpt")
    assert all(torch.equal(kept[name], best[name]) for name in best)
    assert not (tmp_path / "here").exists()


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

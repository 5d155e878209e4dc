"""The rows of epochs that are done, and of no other."""

import os
import resource
import signal
from pathlib import Path

import pytest
from support.forked import Child

from stq.app._metrics_file import MetricsFile
from stq.errors import CheckFailed
from stq.training import EpochEnded, Started


def started(epoch: int) -> Started:
    return Started(epochs=20, batches_per_epoch=1, steps_per_epoch=1, first_epoch=epoch, device="cpu")


def ended(epoch: int) -> EpochEnded:
    return EpochEnded(
        epoch=epoch,
        step=epoch + 1,
        seconds=1.0,
        learning_rates={"backbone": 1e-3},
        gradient_norms={},
        train_losses={"mse": 0.5},
        validation_losses={"mse": 0.25},
        val_central=0.25,
        monitor="val_central",
        monitored=0.25,
        best=True,
    )


def filled(path: Path) -> str:
    table = MetricsFile(path, ("mse",), append=False)
    table.started(started(0))
    for epoch in range(12):
        table.epoch_ended(ended(epoch))
    return path.read_text()


def test_a_resumed_run_keeps_the_rows_of_the_epochs_that_are_done(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    whole = filled(path)
    assert [line.split(",")[0] for line in whole.splitlines()] == ["epoch", *map(str, range(1, 13))]
    MetricsFile(path, ("mse",), append=True).started(started(7))
    assert path.read_text().splitlines() == whole.splitlines()[:8]


def test_a_row_that_was_cut_off_is_of_no_epoch(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    whole = filled(path)
    for length in range(len(whole.splitlines()[-1])):  # "1" of "12" among them
        path.write_text("\n".join([*whole.splitlines()[:-1], whole.splitlines()[-1][:length]]))
        MetricsFile(path, ("mse",), append=True).started(started(12))
        assert path.read_text().splitlines() == whole.splitlines()[:-1]


@pytest.mark.parametrize("rows", ["epoch,step\none,1\n", "epoch,step\n1,2,3\n", "step\n1\n", "\0\n1\n"])
def test_a_damaged_table_is_refused_in_words(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(rows)
    with pytest.raises(CheckFailed, match=r"metrics\.csv: damaged \(.*\); mend it, or move it away"):
        MetricsFile(path, ("mse",), append=True).started(started(3))
    assert path.read_text() == rows


def test_a_row_for_which_the_disk_has_no_room_leaves_the_others_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    whole = filled(path)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, most))
        try:
            MetricsFile(path, ("mse",), append=True).epoch_ended(ended(12))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    child = Child(limited, tmp_path / "told")
    assert child.wait() == 74
    assert "metrics.csv can't be written: File too large" in child.text()
    assert path.read_text() == whole


def test_a_row_is_on_the_disk_before_the_checkpoint_that_tells_of_its_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flush, flushed = tmp_path / "metrics.csv", os.fsync, []

    def fsync(opened: int) -> None:
        flush(opened)
        flushed.append((os.fstat(opened).st_ino, os.fstat(opened).st_size))

    filled(path)
    monkeypatch.setattr(os, "fsync", fsync)
    MetricsFile(path, ("mse",), append=True).epoch_ended(ended(12))
    assert flushed == [(path.stat().st_ino, path.stat().st_size)]

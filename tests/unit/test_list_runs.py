"""The runs in a folder: what is said of each, also while one of them is written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_runs import tiny_spec

from stq.app import RunFolder, list_runs, train


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "first")
    train(tiny_spec(source), run_dir=run.path)
    return run


def test_the_best_epoch_is_that_of_the_weights_where_the_central_error_stands_still(
    run: RunFolder, source: Path, tmp_path: Path
) -> None:
    warm = [f"init_from={run.path}", "freeze=[backbone, central]", "losses=[{loss: pinball}]", "optim.lr=0.05"]
    train(tiny_spec(source, warm), run_dir=tmp_path / "warm")
    [card] = list_runs(tmp_path)
    [best] = (tmp_path / "warm" / "checkpoints").glob("best-*")
    steps = 4  # of an epoch
    assert card.best == int(best.name.removeprefix("best-")) // steps > 1
    assert card.val_central == pytest.approx(list_runs(run.path.parent)[0].val_central)


def test_a_row_that_was_cut_off_is_of_no_epoch(run: RunFolder) -> None:
    whole = run.metrics.read_bytes()
    try:
        for length in range(1, len(whole.splitlines()[-1])):
            run.metrics.write_bytes(whole + whole.splitlines()[-1][:length])
            [card] = list_runs(run.path.parent)
            assert (card.status, card.epochs) == ("trained", 3)
    finally:
        run.metrics.write_bytes(whole)


class Listing:
    """What `os.scandir` gives, read to its end."""

    def __init__(self, entries: Iterator[os.DirEntry[str]]) -> None:
        self.entries = iter(list(entries))

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self.entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self.entries)


def test_a_run_is_listed_while_a_training_writes_in_it(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, part = os.scandir, run.checkpoints / ".step-00000004.x.part"

    def scandir(folder: "os.PathLike[str] | str") -> Listing:
        """A checkpoint is under way as its folder is read, and takes its place right after."""
        if Path(folder) != run.checkpoints:
            return Listing(listed(folder))
        part.mkdir()
        try:
            return Listing(listed(folder))
        finally:
            part.rmdir()

    monkeypatch.setattr(os, "scandir", scandir)
    [card] = list_runs(run.path.parent)
    assert (card.status, card.cause) == ("trained", "")

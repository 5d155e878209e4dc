"""A loader gets over the death of its workers, and hands out every batch once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torch.utils.data._utils import signal_handling
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from stq.errors import StqError
from stq.training import _restarting_loader
from stq.training._restarting_loader import RestartingLoader

BATCHES = [[0, 1], [2, 3], [4, 5], [6, 7], [8]]


class Order(Sampler[list[int]]):
    """The batches, in the other direction at every other pass."""

    def __init__(self) -> None:
        self.passes = 0

    def __iter__(self) -> Iterator[list[int]]:
        self.passes += 1
        return iter(BATCHES if self.passes % 2 else BATCHES[::-1])

    def __len__(self) -> int:
        return len(BATCHES)


class Numbers(Dataset[Tensor]):
    """The numbers themselves; whoever asks for `deadly` is killed, so many times as `folder` has room for."""

    def __init__(self, folder: Path, deadly: int = -1, times: int = 0, error: Exception | None = None) -> None:
        self.folder = folder
        self.deadly = deadly
        self.times = times
        self.error = error

    def __getitem__(self, index: int) -> Tensor:
        if index == self.deadly:
            if self.error is not None:
                raise self.error
            for number in range(self.times):
                if not (self.folder / str(number)).exists():
                    (self.folder / str(number)).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        return torch.tensor(index)


@pytest.fixture(autouse=True)
def _told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MultiProcessingDataLoaderIter._try_get_data, "__defaults__", (0.1,))


@pytest.fixture(autouse=True)
def _handler_of_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As where somebody else in the process loads with workers: torch raises wherever the end of one is noticed."""
    former = signal.getsignal(signal.SIGCHLD)
    monkeypatch.setattr(signal_handling, "_SIGCHLD_handler_set", False)  # else it is set once in a process
    assert len(list(DataLoader(Numbers(tmp_path), sampler=BATCHES[0], num_workers=1))) == 2
    assert signal.getsignal(signal.SIGCHLD).__module__ == signal_handling.__name__
    yield
    signal.signal(signal.SIGCHLD, former)


def handed_out(loader: RestartingLoader) -> list[list[int]]:
    return [batch.tolist() for batch in loader]


def test_a_worker_that_was_killed_is_replaced_and_no_batch_is_lost(tmp_path: Path) -> None:
    loader = RestartingLoader(Numbers(tmp_path, deadly=4, times=2), Order(), 2)
    assert handed_out(loader) == BATCHES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    for worker in loader._iterator._workers:
        worker.kill()  # as in an update or while a checkpoint is written: nobody waits for them, and nothing is raised
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert handed_out(loader) == BATCHES[::-1]


def test_a_sample_that_kills_every_worker_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_restarting_loader, "RESTARTS", 2)
    loader, seen = RestartingLoader(Numbers(tmp_path, deadly=4, times=99), Order(), 1), list[Tensor]()
    with pytest.raises(StqError, match="ended 3 times in one pass"):
        seen.extend(loader)
    assert [batch.tolist() for batch in seen] == BATCHES[: len(seen)]  # what it sent just before may be lost


class Packed(list[Tensor]):
    """A batch under way; torch tells of the end of some worker while the second one is unpacked."""

    told = False

    def opened(self) -> Tensor:
        if self[0] == 2 and not Packed.told:
            Packed.told = True
            raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
        return torch.stack(self)


def test_a_batch_that_was_fetched_and_not_handed_out_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_restarting_loader, "Parcel", Packed)
    assert handed_out(RestartingLoader(Numbers(tmp_path), Order(), 1, collate_fn=Packed)) == BATCHES
    assert Packed.told


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError("a drive")], ids=repr)
def test_what_goes_wrong_within_a_worker_is_not_its_death(tmp_path: Path, error: Exception) -> None:
    loader = RestartingLoader(Numbers(tmp_path, deadly=4, error=error), Order(), 1)
    with pytest.raises(type(error), match="in DataLoader worker process"):
        handed_out(loader)


def test_without_workers_it_asks_for_the_order_with_the_first_batch() -> None:
    """Lightning tells the epoch between the two."""
    order = Order()
    batches = iter(RestartingLoader(Numbers(Path()), order, 0))
    assert order.passes == 0
    assert next(batches).tolist() == [0, 1]
    assert order.passes == 1

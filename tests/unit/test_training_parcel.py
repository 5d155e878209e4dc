"""A batch comes out of a worker as one tensor, and is to the bit what it would have been."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_runs import tiny_source, tiny_spec
from torch.utils.data import default_collate

from stq.app._assembly import assemble
from stq.tensors import Batch
from stq.training import Loaders, _restarting_loader
from stq.training._parcel import ALIGNED, parcel_of


def samples(count: int, side: int, steps: int) -> list[Batch]:
    def sample(number: int) -> Batch:
        field = torch.randn(steps, 1, side, side + 1)
        return Batch(
            inputs=field, base=field[-1], values=field, valid=field > 0, offset=field,
            location=torch.randn(2, side, side + 1), weight=torch.ones(side, side + 1), time=torch.tensor(number),
        )  # fmt: skip

    return [sample(number) for number in range(count)]


@given(st.integers(1, 5), st.integers(1, 7), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_a_parcel_opens_to_what_the_default_collation_makes(count: int, side: int, steps: int) -> None:
    parts = samples(count, side, steps)
    parcel = parcel_of(parts)
    assert parcel.buffer.is_shared()
    for found, wanted in zip(parcel.opened(), default_collate(parts), strict=True):
        assert found.dtype == wanted.dtype
        assert torch.equal(found, wanted)
        assert found.is_contiguous()
        assert (found.data_ptr() - parcel.buffer.data_ptr()) % ALIGNED == 0


def test_workers_give_the_batches_of_the_training_process(tmp_path: Path) -> None:
    experiment = assemble(tiny_spec(tiny_source(tmp_path), ["data.workers=1"]))
    ours = experiment.loaders
    alone = Loaders(
        ours.train,
        ours.validation,
        batch_size=ours.batch_size,
        validation_batch_size=ours.validation_batch_size,
        workers=0,
        seed=ours.order.seed,
    )
    for one, other in (
        (ours.train_dataloader(), alone.train_dataloader()),
        (ours.val_dataloader(), alone.val_dataloader()),
    ):
        pairs = list(zip(one, other, strict=True))
        assert len(pairs) == len(one) > 0
        for found, wanted in pairs:
            assert isinstance(found, Batch)
            assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
            assert len({part.untyped_storage().data_ptr() for part in found}) == 1


@pytest.mark.parametrize(("device", "pinned"), [("cpu", False), ("cuda", True), ("mps", False)])
def test_batches_for_a_gpu_of_cuda_are_pinned(tmp_path: Path, device: str, pinned: bool) -> None:
    loaders = assemble(tiny_spec(tiny_source(tmp_path))).loaders
    assert not loaders.train_dataloader().pin_memory
    strategy = SimpleNamespace(root_device=torch.device(device))
    loaders.trainer = SimpleNamespace(global_rank=0, world_size=1, strategy=strategy)
    assert loaders.train_dataloader().pin_memory == loaders.val_dataloader().pin_memory == pinned


def test_the_end_of_the_pinning_thread_is_a_workers_where_one_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_restarting_loader, "ENDING_SECONDS", 0.05)
    loader = assemble(tiny_spec(tiny_source(tmp_path), ["data.workers=1"])).loaders.train_dataloader()
    next(iter(loader))
    ended = RuntimeError("Pin memory thread exited unexpectedly")
    assert not loader._worker_ended(ended)
    (worker,) = loader._iterator._workers
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert loader._worker_ended(ended)
    assert not loader._worker_ended(RuntimeError("a bug"))
    loader._end_workers()

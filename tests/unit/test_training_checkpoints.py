"""A checkpoint is read as far as it is one, and the newest that is one is gone on from."""

import argparse
import errno
import hashlib
import io
import json
import resource
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from support.checkpoints import replace

from stq.errors import CheckFailed, DiskError
from stq.training import AtomicCheckpointIO, CheckpointStore, load_weights
from stq.training._checkpoints import Hashing, noted_sha256, seal_of

STATE = {"global_step": 12, "epoch": 2, "state_dict": {"forecaster.weight": torch.arange(3.0), "other": torch.ones(1)}}


def saved(store: CheckpointStore, kind: str = "step", step: int = 12) -> Path:
    state = store.place(kind, step)
    AtomicCheckpointIO({"spec": {"seed": "3"}}).save_checkpoint({**STATE, "global_step": step}, state)
    return state


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoints")


@pytest.mark.parametrize("content", [{}, {"state_dict": [1]}], ids=["no weights", "weights in a list"])
def test_a_state_that_is_no_checkpoint_is_refused_by_name(store: CheckpointStore, content: dict) -> None:
    state = saved(store)
    replace(state, {"global_step": 12, "epoch": 2, **content})
    for read in (load_weights, AtomicCheckpointIO({}).load_checkpoint):
        with pytest.raises(CheckFailed, match=r"state\.ckpt: not a checkpoint"):
            read(state)


def test_a_checkpoint_gives_the_forecaster_its_weights_and_says_what_it_is_of(store: CheckpointStore) -> None:
    state = saved(store)
    assert [(name, value.tolist()) for name, value in load_weights(state).items()] == [("weight", [0, 1, 2])]
    newest = store.newest()
    assert (newest.state, newest.damaged) == (state, ())
    assert (newest.manifest.step, newest.manifest.epoch, newest.manifest.experiment["spec"]) == (12, 2, {"seed": "3"})
    assert sorted(path.name for path in store.folder.rglob("*")) == ["manifest.json", "state.ckpt", "step-00000012"]


def test_a_checkpoint_of_the_first_release_stays_one(store: CheckpointStore) -> None:
    """The manifest as it stands in every run that there is: what is written in it later must still read it."""
    state = saved(store)
    content = json.loads(state.with_name("manifest.json").read_text())
    sha256 = hashlib.sha256(state.read_bytes()).hexdigest()
    assert noted_sha256(state) == sha256
    unsealed = {
        "format": 1,
        "step": 12,
        "epoch": 2,
        "files": {"state.ckpt": {"bytes": state.stat().st_size, "sha256": sha256}},
        "experiment": {"spec": {"seed": "3"}},
    }
    seal = hashlib.sha256(json.dumps(unsealed, sort_keys=True).encode()).hexdigest()
    assert content == {**unsealed, "seal": seal}


def test_another_format_is_refused_by_its_number(store: CheckpointStore) -> None:
    state = saved(store)

    def to_come(found: dict) -> None:
        found.pop("seal")
        found["format"] = 2
        found["seal"] = seal_of(found)

    rewritten(state.with_name("manifest.json"), to_come)
    with pytest.raises(CheckFailed, match="of format 2, and this stq reads 1"):
        store.newest()


def test_tensors_go_where_they_are_wanted_and_nothing_but_tensors_and_plain_values_is_read(
    store: CheckpointStore,
) -> None:
    state, reader = saved(store), AtomicCheckpointIO({})
    for place, device in (("meta", "meta"), (None, "cpu")):
        assert reader.load_checkpoint(state, place)["state_dict"]["other"].device.type == device
    replace(state, {**STATE, "more": argparse.Namespace()})
    with pytest.raises(CheckFailed, match="damaged or not one of stq's"):
        reader.load_checkpoint(state)


def test_what_goes_by_is_counted_and_hashed_and_the_first_error_is_kept(tmp_path: Path) -> None:
    """/dev/full says of every byte that the disk is full."""
    with (tmp_path / "a").open("wb") as file:
        sink = Hashing(file)
        assert sink.write(memoryview(array("d", [1.0, 2.0]))) == 16
        assert sink.write(b"abc") == 3
        sink.flush()
        written = (tmp_path / "a").read_bytes()
    assert (sink.bytes, sink.failed, len(written)) == (19, None, 19)
    assert sink.digest.hexdigest() == hashlib.sha256(written).hexdigest()
    with open("/dev/full", "wb", buffering=0) as full:
        sink = Hashing(full)
        assert [sink.write(b"ab"), sink.write(b"c")] == [2, 1]
        first = sink.failed
        sink.file = Unflushable()
        sink.flush()
    assert isinstance(first, OSError)
    assert first.errno == errno.ENOSPC
    assert sink.failed is first
    assert sink.bytes == 3
    sink = Hashing(Unflushable())
    sink.flush()
    assert isinstance(sink.failed, OSError)
    assert sink.failed.errno == errno.EIO


class Unflushable(io.BytesIO):
    """A file whose bytes don't reach the disk."""

    def flush(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


def rewritten(manifest: Path, change: Callable[[dict], None]) -> None:
    content = json.loads(manifest.read_text())
    change(content)
    manifest.write_text(json.dumps(content))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a byte of the state": lambda folder: (folder / "state.ckpt").write_bytes(
        (folder / "state.ckpt").read_bytes().replace(b"weight", b"weighs")
    ),
    "a short state": lambda folder: (folder / "state.ckpt").write_bytes((folder / "state.ckpt").read_bytes()[:-1]),
    "no state": lambda folder: (folder / "state.ckpt").unlink(),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "an empty manifest": lambda folder: (folder / "manifest.json").write_text(""),
    "a manifest that is a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "a deep manifest": lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
    "another step": lambda folder: rewritten(folder / "manifest.json", lambda found: found.update(step=13)),
    "another spec": lambda folder: rewritten(folder / "manifest.json", lambda found: found.update(experiment={})),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_newest_falls_back_and_says_so(store: CheckpointStore, damage: str) -> None:
    former, newest = saved(store, step=8), saved(store)
    DAMAGE[damage](newest.parent)
    with pytest.raises(CheckFailed, match="step-00000012"):
        load_weights(newest)
    found = store.newest()
    assert found.state == former
    assert [str(newest.parent) in line for line in found.damaged] == [True]
    DAMAGE[damage](former.parent)
    with pytest.raises(CheckFailed, match="every checkpoint is damaged"):
        store.newest()


def test_a_best_one_is_gone_on_from_where_its_twin_is_not_sound_or_not_there(store: CheckpointStore) -> None:
    """As it is written first, a kill may leave it alone."""
    assert not store.begun
    best = saved(store, "best", 8)
    assert store.begun
    assert store.newest().state == best
    former, step = saved(store, step=4), saved(store, step=8)
    assert store.newest().state == step
    DAMAGE["a short state"](step.parent)
    assert store.newest().state == best
    DAMAGE["a short state"](best.parent)
    assert store.newest().state == former
    assert len(store.newest().damaged) == 2


def test_a_damaged_best_is_refused_and_no_other_takes_its_place(store: CheckpointStore) -> None:
    former, best = saved(store, "best", 8), saved(store, "best", 12)
    DAMAGE["a short state"](best.parent)
    assert former.is_file()
    with pytest.raises(CheckFailed, match="best-00000012"):
        load_weights(store.best())


def test_a_manifest_that_is_laid_out_otherwise_is_the_same_manifest(store: CheckpointStore) -> None:
    state = saved(store)
    rewritten(state.with_name("manifest.json"), lambda found: None)
    assert store.newest().state == state


def test_the_two_newest_are_kept_and_what_a_resume_went_back_behind_is_not(store: CheckpointStore) -> None:
    def after(kind: str, step: int) -> list[str]:
        store.settle(saved(store, kind, step), kind)
        return sorted(path.name for path in store.folder.iterdir())

    assert after("step", 4) == ["step-00000004"]
    assert after("step", 8) == ["step-00000004", "step-00000008"]
    assert after("step", 8) == ["step-00000008", "step-00000008.2"]
    assert after("best", 8) == ["best-00000008", "step-00000008", "step-00000008.2"]
    assert after("step", 12) == ["best-00000008", "step-00000008.2", "step-00000012"]
    assert after("step", 9) == ["best-00000008", "step-00000008.2", "step-00000009"]
    assert after("best", 9) == ["best-00000009", "step-00000008.2", "step-00000009"]


def test_numbers_are_compared_as_numbers(store: CheckpointStore) -> None:
    for _ in range(11):
        saved(store)
    saved(store, step=123_456_789)
    assert [path.parent.name for path in store.states("step")][:3] == [
        "step-123456789", "step-00000012.11", "step-00000012.10",
    ]  # fmt: skip


def test_parts_and_strangers_are_no_checkpoints(store: CheckpointStore) -> None:
    state = saved(store)
    for name in (".step-00000016.part", "step-16", "step-00000016.ckpt", "hpc_ckpt_1.ckpt", "best"):
        (store.folder / name).mkdir()
    (store.folder / "step-00000020").write_text("a file")
    assert store.states("step") == [state]
    assert store.states("best") == []


@pytest.mark.parametrize("name", ["best.ckpt", "last.ckpt"])
def test_the_files_of_a_former_stq_are_refused_in_words(store: CheckpointStore, name: str) -> None:
    store.folder.mkdir()
    torch.save(STATE, store.folder / name)
    for ask in (store.best, store.newest):
        with pytest.raises(CheckFailed, match="former stq"):
            ask()


def test_a_folder_without_checkpoints_is_told_as_such(store: CheckpointStore) -> None:
    with pytest.raises(CheckFailed, match=r"there is no checkpoint to go on from$"):
        store.newest()
    with pytest.raises(CheckFailed, match="no checkpoint of a best epoch: training was stopped before its first"):
        store.best()


def test_room_is_needed_for_what_is_kept_and_one_more_less_what_is_there(store: CheckpointStore) -> None:
    """Two of steps, a best one, and the one that is being written."""
    assert store.room(1000) == 4000
    size = saved(store).stat().st_size
    saved(store, "best").unlink()
    assert store.room(2 * size) == 7 * size
    assert store.room(size // 5) == 0


def test_a_full_disk_leaves_the_former_checkpoint_and_no_debris(store: CheckpointStore) -> None:
    former = saved(store, step=8)
    with largest_file(1500), pytest.raises(DiskError) as refused:
        saved(store)
    assert refused.value.exit_code == 74
    (line,) = str(refused.value).splitlines()
    assert str(store.folder / "step-00000012") in line
    assert "needed" in line
    assert "free" in line
    assert [path.name for path in store.folder.iterdir()] == ["step-00000008"]
    assert store.newest().state == former


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes, which the system tells as it tells of a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)

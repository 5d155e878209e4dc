"""A long run among workers that are killed, files that come and go, and a disk that fills up."""

import csv
import errno
import json
import multiprocessing
import os
import resource
import signal
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from reliability.promise import Promise, Tally
from support.checkpoints import best_state, last_state
from support.forked import Child
from support.tiny_runs import tiny_source, tiny_spec
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from stq.app import RunFolder, resume, train
from stq.data import _file_fields
from stq.spec import LoadedSpec
from stq.training import EpochEnded, Started, Stepped

STEPS_PER_EPOCH = 32
SETTINGS = ["data.batch_size=1", "data.memory=lazy", "data.workers=2", "trainer.patience=null", "model.hidden=[2]"]
ENOUGH_EPOCHS = 24
"""From so many on the memory is judged: before, it settles."""
TOLERATED_MB = 2.0
"""Growth over the last two thirds of the run that no run can be told from: what the allocator happens to hold."""


class Trouble:
    """An observer that does harm at some steps, and notes at the end of every epoch what this process holds."""

    every_seconds = 0.0

    def __init__(self, source: Path, kills: set[int], away: set[int], full: int | None, notes: Path) -> None:
        self.source = source
        self.kills = kills
        self.away = away
        self.full = full
        self.notes = notes

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """A worker is killed; or all, while the file that new ones open is away for a moment; or the disk fills."""
        workers = sorted(multiprocessing.active_children(), key=lambda worker: worker.pid or 0)
        if event.step in self.kills:
            os.kill(workers[event.step % len(workers)].pid, signal.SIGKILL)
        if event.step in self.away:
            hidden = self.source.with_name("away")
            self.source.rename(hidden)
            threading.Timer(0.25, hidden.rename, [self.source]).start()
            for worker in workers:
                os.kill(worker.pid, signal.SIGKILL)
        if event.step == self.full:
            room = os.fstat(1).st_size + 8000  # for what it says, and for no checkpoint
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    def epoch_ended(self, event: EpochEnded) -> None:
        """A line of what is held."""
        note(self.notes)


def note(notes: Path) -> None:
    """Add a line: resident megabytes, open files and children of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    held = [
        pages * resource.getpagesize() / 1e6,
        len(os.listdir("/proc/self/fd")),
        len(multiprocessing.active_children()),
    ]
    with notes.open("a") as file:
        file.write(json.dumps(held) + "\n")


def unreadable_at_times() -> None:
    """From now on, in this process and its workers: every 50th reading fails once, as it does from a busy drive."""
    former, calls = _file_fields.read_values, 0

    def read(*arguments: object) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls % 50 == 0:
            number = (errno.EIO, errno.ESTALE)[calls // 50 % 2]
            raise OSError(number, os.strerror(number))
        return former(*arguments)

    _file_fields.read_values = read


def told_soon() -> None:
    """That a worker has ended is seen within 0.2 s of waiting rather than 5."""
    _MultiProcessingDataLoaderIter._try_get_data.__defaults__ = (0.2,)


def clean(spec: LoadedSpec, run: Path) -> None:
    """Without any trouble."""
    train(spec, run_dir=run)


def troubled(spec: LoadedSpec, run: Path, trouble: Trouble, *, again: bool) -> None:
    """With it: from the beginning, or `again`."""
    told_soon()
    unreadable_at_times()
    try:
        if again:
            resume(spec, RunFolder(run), observers=[trouble])
        else:
            train(spec, run_dir=run, observers=[trouble])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def soak(count: int, folder: Path) -> Tally:
    """At least `count` steps, of which a sixth pass before the disk is full."""
    epochs = -(-count // STEPS_PER_EPOCH)
    steps, source = epochs * STEPS_PER_EPOCH, tiny_source(folder)
    spec = tiny_spec(source, [*SETTINGS, f"trainer.max_epochs={epochs}"])
    kills = set(range(7, steps, max(STEPS_PER_EPOCH - 2, steps // 12)))
    away = set(range(STEPS_PER_EPOCH + 9, steps, max(STEPS_PER_EPOCH, steps // 6)))
    full = STEPS_PER_EPOCH * max(1, epochs // 6) + 3
    first = Trouble(source, kills, away, full, folder / "notes1")
    second = Trouble(source, kills, away, None, folder / "notes2")
    codes = [
        Child(partial(clean, spec, folder / "clean"), folder / "told0").wait(3600),
        (one := Child(partial(troubled, spec, folder / "run", first, again=False), folder / "told1")).wait(3600),
        (two := Child(partial(troubled, spec, folder / "run", second, again=True), folder / "told2")).wait(3600),
    ]
    said = one.text() + two.text()
    broken = [] if codes == [0, 74, 0] else [f"they ended with {codes}; it said: {said[-1500:]}"]
    if not broken:
        broken = differences(folder / "clean", folder / "run", steps)
    held = SimpleNamespace(text="")
    if not broken and epochs >= ENOUGH_EPOCHS:
        broken += growth([json.loads(line) for line in (folder / "notes2").read_text().splitlines()], held)
    restarts, readings = said.count("new ones are started"), said.count("can't be read, trying again")
    if min(restarts, readings) == 0:
        broken.append(f"{restarts} workers were started anew and {readings} readings tried again: nothing was tested")
    figures = f"{steps:,} steps; {restarts} times workers started anew, {readings} readings tried again, a full disk"
    return Tally(steps, tuple(broken), figures + held.text)


def differences(clean_run: Path, run: Path, steps: int) -> list[str]:
    """Where the two runs ended differently."""
    found = []
    for state in (last_state, best_state):
        ours, theirs = (torch.load(state(each), weights_only=True) for each in (run, clean_run))
        for part in ("state_dict", "optimizer_states", "lr_schedulers", "global_step"):
            if not equal(ours[part], theirs[part]):
                found.append(f"{state(run).parent.name}: another {part}")
    if (last := torch.load(last_state(run), weights_only=True)["global_step"]) != steps:
        found.append(f"it ended at step {last}")
    if rows(run) != rows(clean_run):
        found.append("another metrics.csv")
    return found


def equal(ours: object, theirs: object) -> bool:
    """The same values all the way down, tensors bit for bit."""
    if isinstance(ours, torch.Tensor) and isinstance(theirs, torch.Tensor):
        return torch.equal(ours, theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return ours == theirs


def rows(run: Path) -> list[dict[str, str]]:
    """The table of metrics without the time that it took."""
    with (run / "metrics.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def growth(notes: list[list[float]], held: SimpleNamespace) -> list[str]:
    """What grew over the last two thirds of the epochs, by the slope of a line through them."""
    megabytes, files, children = np.array(notes)[len(notes) // 3 :].T
    epochs = np.arange(len(megabytes))
    slope, start = np.polyfit(epochs, megabytes, 1)
    noise = float(np.std(megabytes - (start + slope * epochs)))
    grown = float(slope * len(epochs))
    held.text = (
        f"; resident memory of the process that trains {megabytes.mean():.0f} MB, "
        f"{slope / STEPS_PER_EPOCH * 1e3:+.2f} kB a step "
        f"({grown:+.1f} MB over {len(epochs) * STEPS_PER_EPOCH:,} steps, noise {noise:.1f} MB), "
        f"{files[0]:.0f} to {files[-1]:.0f} open files, {children[0]:.0f} to {children[-1]:.0f} workers"
    )
    found = []
    if grown > max(TOLERATED_MB, 3 * noise):
        found.append(f"memory grew by {grown:.1f} MB, noise {noise:.1f} MB")
    if np.ptp(files[len(files) // 2 :]) > 0 and files[-1] > files[0]:
        found.append(f"open files: {files.tolist()}")
    if children[-1] != children[0]:
        found.append(f"workers: {children.tolist()}")
    return found


PROMISES = (
    Promise(
        "soak",
        "A long run whose workers are killed, whose source is unreadable or away for a moment, and whose disk fills up "
        "and is freed ends with the bits of a run without any of it; its memory, open files and processes don't grow",
        soak,
        full=2100,
        short=2 * STEPS_PER_EPOCH,
    ),
)

"""A signal, wherever it comes, ends `stq train` in order, and the same command goes on."""

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from reliability.promise import Promise, Tally
from support.checkpoints import last_state
from support.forked import Child
from support.interrupted_runs import differences, fifteen_steps, state_of
from support.tiny_runs import tiny_source

from stq.app import RunFolder, _train
from stq.cli import main
from stq.errors import SIGNALS
from stq.spec import dump_spec
from stq.tensors import Batch
from stq.training import ForecastModule

MOMENTS = ("start-up", "audit", "first batch", "training", "validation", "saving", "calibration")
OF_TWO = ("audit", "first batch", "training", "validation", "saving")
"""Moments at which two processes are at work together."""
STEP_OF = {"first batch": 0, "training": 6}
"""The steps that are done by then; of the others, an epoch's."""
STEPS_OF_AN_EPOCH = {1: 5, 2: 4}
GONE_SECONDS = 12.0
"""A worker looks every 5 seconds whether the process that it works for is there."""


@dataclass(frozen=True)
class Case:
    """A signal at a moment; to one of the processes alone, or to all and their workers as Ctrl-C and Slurm do."""

    number: int
    moment: str
    workers: int
    processes: int
    to_all: bool

    def __str__(self) -> str:
        whom = "all" if self.to_all else "one"
        name = signal.Signals(self.number).name
        return f"{name} to {whom} of {self.processes} in {self.moment}, {self.workers} workers"


def cases() -> Iterator[Case]:
    """Every signal at every moment, with one process and with two."""
    for number, moment, workers in product(SIGNALS, MOMENTS, (0, 2)):
        yield Case(number, moment, workers, 1, to_all=bool(workers))
    for place, (number, moment) in enumerate(product(SIGNALS, OF_TWO)):
        yield Case(number, moment, 2 * (place % 2), 2, to_all=moment == "audit" or place % 3 == 0)


def signals(count: int, folder: Path) -> Tally:
    """Make the trials, in an order that has a bit of everything first."""
    chosen = list(cases())
    random.Random(138).shuffle(chosen)
    source = tiny_source(folder)
    wanted = {}
    broken = []
    for number, case in enumerate(chosen[:count]):
        if case.processes not in wanted:
            whole = folder / f"whole of {case.processes}"
            Trial(Case(0, "", 0, case.processes, to_all=False), whole, source).run("whole")
            wanted[case.processes] = state_of(RunFolder(whole))
        trial = Trial(case, folder / str(number), source)
        broken += [f"{case}: {line}" for line in trial.check(wanted[case.processes])]
    return Tally(min(count, len(chosen)), tuple(broken), "none left a process behind")


@dataclass(frozen=True)
class Trial:
    """One run and the signal that it gets."""

    case: Case
    folder: Path
    source: Path

    def check(self, wanted: object) -> Iterator[str]:
        """Send the signal, look how the run ended, go on with the same command, and look again."""
        code, text = self.run("stopped")
        if code != 128 + self.case.number:
            yield f"left with {code}: {text[-300:]}"
        name = signal.Signals(self.case.number).name
        if "stopped by" not in text or (name not in text and "Ctrl-C" not in text) or "Traceback" in text:
            yield f"said {text[-300:]!r}"
        if self.case.moment not in ("start-up", "audit", "calibration"):
            done = STEP_OF.get(self.case.moment, STEPS_OF_AN_EPOCH[self.case.processes])
            step = torch.load(last_state(self.folder), weights_only=True)["global_step"]
            if not done <= step <= done + 1:
                yield f"saved at step {step}, and {done} were done"
        code, text = self.run("resumed")
        if code != 0:
            yield f"the same command left with {code}: {text[-300:]}"
        elif found := differences(state_of(RunFolder(self.folder)), wanted):
            yield f"ended with another {', '.join(found[:3])}"
        elif not RunFolder(self.folder).calibration.is_file():
            yield "ended without a calibration"

    def run(self, name: str) -> tuple[int, str]:
        """The exit code of the first process and what it said; waits until all are gone."""
        spec, size = self.folder.with_name(f"{self.folder.name}.yaml"), self.case.processes
        overrides = [f"data.workers={self.case.workers}", f"trainer.devices={size}"]
        overrides += ["data.batch_size=2"] if size == 2 else []
        spec.write_text(dump_spec(fifteen_steps(self.source, overrides).spec))
        port, tolds = free_port(), [self.folder.with_name(f"{self.folder.name} {name} {rank}") for rank in range(size)]

        def process(rank: int) -> None:
            os.setpgid(0, 0 if rank == 0 else children[0].pid)
            if size > 1:
                place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
                place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
                os.environ.update({key: str(value) for key, value in place.items()})
            sys.argv = ["stq", "train", str(spec), "--run-dir", str(self.folder), "--resume"]
            sender = 0 if self.case.moment in ("audit", "saving") else size - 1  # the first does these alone
            with at(self.case.moment if (name, rank) == ("stopped", sender) else "", self.send):
                main()

        children: list[Child] = []
        for rank, told in enumerate(tolds):
            children.append(Child(lambda rank=rank: process(rank), told))  # type: ignore[misc]  # runs at once
        codes = [child.wait(90) for child in children]
        text = children[0].text()
        if left := left_in(children[0].pid):
            text += f"\nprocesses are left after {left:.0f} s"
            codes[0] = -1
        if len(set(codes)) > 1:
            text += f"\nthe processes left with {codes}"
            codes[0] = -1
        return codes[0], text

    def send(self) -> None:
        """Send the signal to this process, or to all of its group."""
        if self.case.to_all:
            os.killpg(0, self.case.number)
        else:
            os.kill(os.getpid(), self.case.number)


@contextmanager
def at(moment: str, act: Callable[[], None]) -> Iterator[None]:
    """Act once when this process comes to the moment. For a process that ends thereafter: nothing is put back."""
    todo = [act]

    def once() -> None:
        if todo:
            todo.pop()()

    training, validating = ForecastModule.training_step, ForecastModule.validation_step

    def training_step(module: ForecastModule, batch: Batch, batch_idx: int) -> torch.Tensor:
        step = STEP_OF.get(moment) if module.router.probe is None else "audit"
        if (step == "audit" == moment) or (step == module.global_step and moment in ("first batch", "training")):
            once()
        return training(module, batch, batch_idx)

    def validation_step(module: ForecastModule, batch: Batch, batch_idx: int) -> None:
        validating(module, batch, batch_idx)
        if moment == "validation":
            once()

    def before(function: Callable[..., object]) -> Callable[..., object]:
        def acting(*arguments: object, **named: object) -> object:
            once()
            return function(*arguments, **named)

        return acting

    ForecastModule.training_step, ForecastModule.validation_step = training_step, validation_step
    if moment == "saving":
        torch.save = before(torch.save)
    if moment == "start-up":
        _train.assemble = before(_train.assemble)
    if moment == "calibration":
        _train.calibrate_split = before(_train.calibrate_split)
    yield


def second_signals(count: int, folder: Path) -> Tally:
    """The same signal again while the first is still waiting for the step to end."""
    source, broken = tiny_source(folder), []
    chosen = list(product(SIGNALS, (0, 2)))[:count]
    for number, workers in chosen:
        case = Case(number, "training", workers, 1, to_all=False)

        class Twice(Trial):
            def send(self) -> None:
                for _ in range(2):
                    os.kill(os.getpid(), self.case.number)
                print("it goes on")

        code, text = Twice(case, folder / f"{number} {workers}", source).run("stopped")
        if code != 128 + number or "it goes on" in text:
            broken.append(f"{case}, twice: left with {code}: {text[-300:]}")
    return Tally(len(chosen), tuple(broken))


def left_in(group: int) -> float:
    """The seconds after which a process of the group is still there; 0 where none is."""
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < GONE_SECONDS:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return 0.0
        time.sleep(0.02)
    return waited


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


PROMISES = (
    Promise(
        "signals",
        "SIGTERM, SIGINT, SIGHUP or SIGUSR1 in start-up, audit, first batch, training, validation, saving or "
        "calibration, without workers and with two, to one process or to both of two: saved within one step, exit "
        "128 + n, no process left; the same command again ends with the same bits",
        signals,
        full=76,
        short=1,
    ),
    Promise(
        "second-signal",
        "The same signal a second time ends `stq train` at once",
        second_signals,
        full=8,
        short=1,
    ),
)

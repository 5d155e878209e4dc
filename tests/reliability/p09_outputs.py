"""Commands that are killed while they write, and two commands that write into one run."""

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from reliability.promise import Promise, Tally
from support.forked import Child
from support.tiny_runs import tiny_source, tiny_spec
from support.written import content, read_forecast, read_store, same

from stq.app import RunFolder, calibrate, evaluate, pack_spec, predict, resume, train
from stq.app.baselines._open_baselines import read_baselines
from stq.cli._report import report
from stq.errors import StqError
from stq.training import EpochEnded, Started, Stepped

PART = ".part"


class Command:
    """One command on a run: where it writes, whether over what is there, and what that holds."""

    def __init__(
        self, name: str, path: Path, run: Callable[[Path], object], read: Callable[[Path], object], *, over: bool
    ) -> None:
        self.name, self.path, self.run, self.read, self.over = name, path, run, read, over

    def clear(self) -> None:
        """As before it was first called."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)


def made_run(folder: Path) -> RunFolder:
    """A run of one epoch."""
    torch.set_num_threads(1)  # a forked process has none of the threads of this one
    train(tiny_spec(tiny_source(folder), ["trainer.max_epochs=1"]), run_dir=folder / "run")
    return RunFolder(folder / "run")


def commands(run: RunFolder, folder: Path) -> list[Command]:
    """Each has a place of its own."""

    def forecast(path: Path) -> None:
        predict(run, (), path, init=() if path.suffix == ".tif" else ("1999",))

    def page(path: Path) -> None:
        report([run.path], None if path == run.report else path)

    places = [folder / f"out{ending}" for ending in (".nc", ".zarr", ".tif")]
    return [
        *(Command(f"predict {path.suffix}", path, forecast, read_forecast, over=False) for path in places),
        Command(
            "pack",
            folder / "sea.store",
            lambda path: pack_spec(run.load_spec(), path, verify=False),
            read_store,
            over=False,
        ),
        Command("report", run.report, page, lambda path: path.read_bytes(), over=True),
        Command("eval", run.baselines, lambda path: evaluate(run), lambda path: vars(read_baselines(run)), over=False),
    ]


def killed(count: int, folder: Path) -> Tally:
    """Half of the kills fall anywhere, half once something is being written; half of those that may, over a file."""
    random, broken, found = Random(9), [], {"absent": 0, "old": 0, "new": 0}
    run = made_run(folder)
    kinds = commands(run, folder)
    truths, seconds = [], []
    for command in kinds:
        command.clear()
        started = time.monotonic()
        command.run(command.path)  # here, so that those that are forked off find everything imported
        seconds.append(time.monotonic() - started)
        truths.append(command.read(command.path))
    for number in range(count):
        at = number % len(kinds)
        command = kinds[at]
        turn = number // len(kinds)
        over = (at + turn + turn // 2) % 2 == 1
        command.clear()
        if over:
            old = b"<p>what was there before</p>"
            if command.over:
                command.path.write_bytes(old)
            elif command.name == "eval":
                old = b""
            else:
                (command.path.mkdir() if command.path.suffix in (".zarr", ".store") else command.path.write_bytes(old))
        before = content(command.path) if command.path.exists() else None
        child = Child(lambda command=command: command.run(command.path), folder / f"told-{number}")
        if turn % 2:
            while child.running() and not any(command.path.parent.glob(f".*{PART}")):
                time.sleep(0)
            time.sleep(random.uniform(0, 0.06))
        else:
            time.sleep(random.uniform(0, 3 * seconds[at]))
        child.send(signal.SIGKILL)
        child.wait()
        state = "absent"
        if command.path.exists():
            state = "old" if before is not None and content(command.path) == before else "new"
        if state == "new":
            try:
                whole = command.read(command.path)
                fine = same(truths[at], whole) if isinstance(whole, dict) else whole == truths[at]
            except StqError as error:
                fine = False
                child.told.write_text(str(error))
            if not fine or (before is not None and not command.over):
                broken.append(f"{command.name}, trial {number}: opens and is wrong; {child.text()[-200:]}")
        elif state == "absent" and before is not None:
            broken.append(f"{command.name}, trial {number}: what was there before is gone")
        found[state] += 1
    for command in kinds:  # and the next call sweeps what the killed ones left
        if not any(command.path.parent.glob(f".{command.path.name}.*")):
            continue
        command.clear()
        Child(lambda command=command: command.run(command.path), folder / "told").wait()
        left = [str(path) for path in command.path.parent.glob(f".{command.path.name}.*")]
        if left or not command.path.exists():
            broken.append(f"{command.name}: left behind: {left}")
    return Tally(count, tuple(broken), ", ".join(f"{number} {state}" for state, number in found.items()))


class Waiting:
    """An observer that says that training has saved its first epoch, and then waits for its end."""

    def __init__(self, reached: Path) -> None:
        self.reached = reached

    def started(self, event: Started) -> None:
        """Nothing yet."""

    def stepped(self, event: Stepped) -> None:
        """Nothing yet."""

    def epoch_ended(self, event: EpochEnded) -> None:
        """The second one: the first is saved by now."""
        if event.epoch == 1:
            self.reached.touch()
            time.sleep(600)


def two_commands(count: int, folder: Path) -> Tally:
    """A training, and every other command on its run beside it; then it is killed, and its run is free."""
    broken, tried = [], 0
    done = made_run(folder)
    source = folder / "tiny.nc"
    spec = tiny_spec(source)
    readers = {
        "predict": lambda run, number: predict(run, (), folder / f"out-{number}.nc"),
        "eval": lambda run, number: evaluate(run, split="val"),
    }
    writers = {
        "calibrate": lambda run: calibrate(run),
        "report": lambda run: report([run.path]),
        "resume": lambda run: resume(run.load_spec(), run),
        "train": lambda run: train(spec, run_dir=run.path),
    }
    while tried < count:
        path = folder / f"run-{tried}"
        shutil.copytree(done.path, path)
        run = RunFolder(path)
        reached = folder / f"reached-{tried}"

        def hold(run: RunFolder = run, reached: Path = reached) -> None:
            with run.claimed("stq train"):
                reached.touch()
                time.sleep(600)

        def long(path: Path = path, reached: Path = reached) -> None:
            shutil.rmtree(path)
            train(tiny_spec(source, ["trainer.max_epochs=3"]), run_dir=path, observers=[Waiting(reached)])

        holder = Child(hold if tried % 12 else long, folder / f"holder-{tried}")
        while holder.running() and not reached.exists():
            time.sleep(0.002)
        before = {name: text for name, text in content(path).items() if not name.endswith("metrics.csv")}
        for name, command in writers.items():
            child = Child(lambda command=command, run=run: command(run), folder / f"told-{tried}-{name}")
            code, text = child.wait(), child.text()
            said = f"in use by `stq train` (process {holder.pid} on " in text or (
                name == "train" and "not empty" in text
            )
            if code != 2 or not said:
                broken.append(f"{name} beside a training: exit code {code}, {text[-300:]}")
            tried += 1
        if {name: text for name, text in content(path).items() if name in before} != before:
            broken.append(f"{path.name}: changed by a command that was refused")
        for name, reader in readers.items():
            child = Child(
                lambda reader=reader, run=run, tried=tried: reader(run, tried), folder / f"told-{tried}-{name}"
            )
            if (code := child.wait()) != 0:
                broken.append(f"{name} beside a training: exit code {code}, {child.text()[-300:]}")
            tried += 1
        holder.send(signal.SIGKILL)
        holder.wait()
        child = Child(lambda run=run: calibrate(run), folder / f"told-{tried}-free")
        if (code := child.wait()) != 0:
            broken.append(f"calibrate after the training was killed: exit code {code}, {child.text()[-300:]}")
        if (path / ".lock").exists():
            broken.append(f"{path.name}: a lock is left")
        shutil.rmtree(path)
    return Tally(tried, tuple(broken), "")


PROMISES = (
    Promise(
        "outputs-whole-or-absent",
        "SIGKILL at a random instant of `predict`, `data pack`, `report` and `eval`, half of them over a file that is "
        "there: what is there afterwards is the old file, nothing, or the whole new one; the next call sweeps up",
        killed,
        360,
        12,
    ),
    Promise(
        "one-writer",
        "A second command that writes into a run is refused with exit code 2 and names the first; `predict` and `eval` "
        "go on; a killed command locks nothing",
        two_commands,
        60,
        6,
    ),
)

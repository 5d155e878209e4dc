"""Files that would run something if they were loaded as a pickle."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from reliability.promise import Promise, Tally
from support.command_line import stq, write_spec
from support.forked import Child
from support.pickle_gadgets import Gadget, gadgets, write_module
from support.planted import PLACES
from support.watched import watch

Command = Callable[[Path, Path], list[object]]
"""The arguments for the run in a folder, and a place to write to."""

COMMANDS: dict[str, Command] = {
    "train --resume": lambda run, out: ["train", run, "--resume"],
    "eval": lambda run, out: ["eval", run],
    "check-grads": lambda run, out: ["check-grads", run],
    "calibrate": lambda run, out: ["calibrate", run],
    "predict": lambda run, out: ["predict", run, "-o", out / "a.nc"],
    "report": lambda run, out: ["report", run, "-o", out / "a.html"],
    "export": lambda run, out: ["export", run, "-o", out / "a.safetensors"],
    "init_from": lambda run, out: ["train", spec_of(run), "--set", f"init_from={run}", "--dry-run"],
    "compare": lambda run, out: ["compare", spec_of(run), "--arms", "pruned,joint", "--seeds", "1,", "-o", run.parent],
    "runs": lambda run, out: ["runs", run.parent],
    "config show": lambda run, out: ["config", "show", run],
    "config diff": lambda run, out: ["config", "diff", run, spec_of(run)],
}
"""Every command that opens a run."""

WHOLE = 300
"""Trials from which on every gadget goes through half of the commands, in turn, and not through one."""


def spec_of(run: Path) -> Path:
    """The spec that the run of a trial is of."""
    return next(folder / "tiny.yaml" for folder in run.parents if (folder / "tiny.yaml").is_file())


def nothing_in_a_run_is_executed(count: int, folder: Path) -> Tally:
    """Gadgets in turn, each at a place of its own in a run, and the commands one after another (or one of them)."""
    canary = folder / "canary"
    write_module(folder, canary)
    canary.with_name("script.py").write_text("import stq_canary\n")
    spec = write_spec(folder)
    original = folder / "base" / "pruned-seed-1"
    made = stq("compare", spec, "--arms", "pruned,joint", "--seeds", "1,", "-o", original.parent)
    assert made.exit_code == 0, made.output
    if count >= WHOLE:  # what is imported here is not imported by every child anew
        clean = shutil.copytree(original.parent, folder / "clean") / original.name
        for arguments in COMMANDS.values():
            stq(*arguments(clean, clean.parent))
    broken: list[str] = []
    tried = 0
    told = folder / "told"
    for number in range(count):
        gadget, place = chosen(number, gadgets(canary))
        every = list(COMMANDS)
        names = every[number % 2 :: 2] if count >= WHOLE else [every[number % len(every)]]
        trial = folder / "trials" / str(number)
        told.unlink(missing_ok=True)
        child = Child(partial(put_to_the_test, original, trial, gadget, place, names, canary), told)
        code = child.wait(300)
        lines = [line for line in child.text().splitlines() if line.startswith("SEEN")]
        if code != 0 or lines or canary.exists():
            broken.append(f"{gadget.name}, as {place}: {'; '.join(lines) or child.text()[-300:]} (exit {code})")
        canary.unlink(missing_ok=True)
        shutil.rmtree(trial, ignore_errors=True)
        tried += len(names)
    live = sum(runs_when_unpickled(gadget, canary, told) for gadget in gadgets(canary)[: max(count // 2, 3)])
    if live == 0:
        broken.append("no gadget runs anything even when it is unpickled: the trial can't fail")
    most = len(gadgets(canary)[: max(count // 2, 3)])
    return Tally(tried, tuple(broken), f"{count} gadgets at {len(PLACES)} places; plain pickle runs {live} of {most}")


def chosen(number: int, corpus: tuple[Gadget, ...]) -> tuple[Gadget, str]:
    """Gadgets and places, so that the first few are of many kinds and each gadget comes to another place."""
    step = 97  # no divisor of the number of gadgets: all come before one comes again
    assert len(corpus) % step
    return corpus[number * step % len(corpus)], list(PLACES)[number * 7 % len(PLACES)]


def put_to_the_test(original: Path, trial: Path, gadget: Gadget, place: str, names: list[str], canary: Path) -> None:
    """In a process of its own, under the most careless settings that there are."""
    os.environ.update(TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="1", GDAL_VRT_ENABLE_PYTHON="YES")
    sys.path.insert(0, str(canary.parent))
    torch.set_num_threads(1)
    run = trial / original.name
    shutil.copytree(original.parent, trial)
    PLACES[place](run, gadget)
    watch(lambda what: os.write(2, f"SEEN {what}\n".encode()), canary, writes_below=canary.parent)
    for name in names:
        result = stq(*COMMANDS[name](run, trial))
        if result.exit_code == 1 or (result.exception and not isinstance(result.exception, SystemExit)):
            os.write(2, f"SEEN a bug in {name}: {result.output[-200:]} {result.exception!r}\n".encode())


def runs_when_unpickled(gadget: Gadget, canary: Path, told: Path) -> bool:
    """Whether plain pickle would run it: a trial that nothing can fail shows nothing."""

    def unpickle() -> None:
        import pickle

        sys.path.insert(0, str(canary.parent))
        watch(lambda what: os.write(2, f"SEEN {what}\n".encode()), canary, writes_below=Path("/dev"), names=False)
        with pytest.warns(match=".*"):
            pickle.loads(gadget.whole)

    told.unlink(missing_ok=True)
    child = Child(unpickle, told)
    child.wait(60)
    seen = "SEEN" in child.text() or canary.exists()
    canary.unlink(missing_ok=True)
    return seen


PROMISES = (
    Promise(
        name="hostile-runs",
        text="Pickles that run something, planted in a run (in checkpoints with a right manifest, and in every other "
        "file), through every command that opens a run, with torch told to load without care "
        "(TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1): nothing is run, looked up, imported, written or called",
        check=nothing_in_a_run_is_executed,
        full=334,
        short=8,
    ),
)

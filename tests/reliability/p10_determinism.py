"""The same spec on the same machine gives the same bits."""

import os
import subprocess
import sys
from pathlib import Path

from reliability.promise import Promise, Tally
from support.golden_curve import compared, measured
from support.interrupted_runs import TinyRun, differences, fifteen_steps, state_of
from support.tiny_runs import tiny_source

from stq.app import RunFolder
from stq.spec import LoadedSpec, dump_spec

RUNS = 3
VARIANTS = (
    [],
    ["trainer.accumulate_grad_batches=1", "data.batch_size=7", "trainer.ema=null"],
    ["routing.engine=save-restore"],
    ["routing.engine=joint", "optim.schedule={name: cosine, warmup: 0.2}"],
    ["quantiles={levels: [0.1, 0.5, 0.9], order: independent}", "model.location={degree: 3}"],
    ["data.patch={size: 4, overlap: 2, rare: {variable: air, above: 282, times: 3}}"],
)
"""Each trained three times in processes of the same start, then the first again in three that start by themselves."""


def repeats(count: int, folder: Path) -> Tally:
    """Train every variant three times."""
    source, broken = tiny_source(folder), []
    trials = [*((overrides, False) for overrides in VARIANTS), ([], True)][:count]
    for number, (overrides, spawned) in enumerate(trials):
        spec = fifteen_steps(source, overrides)
        runs = [RunFolder(folder / f"{number} {again}") for again in range(RUNS)]
        for again, run in enumerate(runs):
            code, text = by_command(spec, run, again) if spawned else forked(spec, run)
            if code:
                broken.append(f"{overrides}: left with {code}: {text[-300:]}")
                break
        else:
            found = [line for run in runs[1:] for line in differences(state_of(run), state_of(runs[0]))]
            broken += [f"{overrides}: another {', '.join(found[:3])}"] if found else []
    return Tally(len(trials), tuple(broken), f"{RUNS} runs each")


def forked(spec: LoadedSpec, run: RunFolder) -> tuple[int, str]:
    """Train in a copy of this process."""
    child = TinyRun(spec, run).child(resume=False, told=run.path.with_suffix(".txt"))
    return child.wait(), child.text()


def by_command(spec: LoadedSpec, run: RunFolder, again: int) -> tuple[int, str]:
    """Train by the command line, under a hash seed of its own: the order of a set must not matter."""
    file = run.path.with_suffix(".yaml")
    file.write_text(dump_spec(spec.spec))
    environment = {**os.environ, "PYTHONHASHSEED": str(again + 1), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "stq", "train", str(file), "--run-dir", str(run.path), "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def golden(count: int, folder: Path) -> Tally:
    """Compare with the losses that are on record."""
    exact, broken = compared(measured(folder))
    return Tally(1, tuple(broken), "to the last bit" if exact else "on a machine other than that of the record")


PROMISES = (
    Promise(
        "repeats",
        "The same spec trained three times on one machine (every routing engine, patches, windows drawn more often, "
        "other schedules; in processes with hash seeds of their own): the same bits of weights, optimiser and "
        "`metrics.csv`",
        repeats,
        full=len(VARIANTS) + 1,
        short=1,
    ),
    Promise(
        "golden-curve",
        "The losses of a small run are those on record: to the last bit on the machine of the record, one thread, and "
        "to four digits elsewhere",
        golden,
        full=1,
        short=1,
    ),
)

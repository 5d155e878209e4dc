"""An epoch of `stq train` against a bare PyTorch loop and plain Lightning, and the time to a validation score.

Each arm (see `training_arms`) trains in a process of its own, and the three take their epochs in turn: while one is at
work the others wait. So all see the same machine, and a ratio is the median over epochs of that epoch's ratio to the
bare loop's, the first epoch left out. An epoch holds its steps, its validation, its row of metrics and its checkpoints.
Run: make bench-epochs, some 10 minutes on one core of a CPU; `--clock cpu` on a machine that others use.
Fails where an epoch of stq takes more than 1.05 of the bare loop's, or where the arms don't find the same scores.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from paired_times import CLOCKS
from training_arms import ARMS

from stq.spec import LoadedSpec, load_spec

SPEC = Path(__file__).parents[2] / "examples" / "mediterranean.yaml"
TARGET = 1.05
SCORE_WITHIN = 1.01
"""The score to reach: this much times the least that the bare loop comes to."""

Epochs = list[tuple[float, float]]
"""Seconds of each epoch, and the validation score after it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--most", type=float, default=TARGET, help="fail above this ratio")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-epochs/epochs.json"))
    chosen = parser.parse_args(arguments)
    if chosen.epochs < 2:
        parser.error("--epochs: expected at least 2, since quartiles need as many")
    torch.set_num_threads(1)
    fixed = [f"trainer.max_epochs={chosen.epochs + 1}", "trainer.patience=null", "trainer.accelerator=cpu"]
    found = in_turn(load_spec(chosen.spec, [*chosen.overrides, *fixed]), chosen.clock)
    document = {
        "spec": chosen.spec.name, "clock": chosen.clock, "threads": 1, "torch": torch.__version__,
        "epochs": found, "arms": {name: figures(epochs, found["bare"]) for name, epochs in found.items()},
    }  # fmt: skip
    for name, row in document["arms"].items():
        low, high = row["quartiles"]
        print(
            f"{name:10} epoch {row['seconds']:7.2f} s  {row['ratio']:.3f} of the bare loop ({low:.3f} to {high:.3f})  "
            f"to its score {row['to_score']:.3f}, after {row['epochs_to_score']} epochs; least {row['least']:.6f}"
        )
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    # Lightning logs in float32: what it tells of the same number is rounded
    scores = {name: torch.tensor([score for _, score in epochs]).tolist() for name, epochs in found.items()}
    if not all(line == scores["bare"] for line in scores.values()):
        raise SystemExit(f"the arms don't find the same scores: {scores}")
    if document["arms"]["stq"]["ratio"] > chosen.most:
        raise SystemExit(f"an epoch of stq takes more than {chosen.most} of the bare loop's")


def in_turn(loaded: LoadedSpec, clock: str) -> dict[str, Epochs]:
    """The epochs of every arm but the first one, which warms up."""
    context, found = multiprocessing.get_context("fork"), {name: [] for name in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        pipes, processes = {}, []
        for name in ARMS:
            own = Path(folder) / name
            own.mkdir()
            pipes[name], theirs = context.Pipe()
            ours = tuple(pipes.values())
            processes.append(context.Process(target=work, args=(name, loaded, own, theirs, ours, clock), daemon=True))
            processes[-1].start()
            theirs.close()
            pipes[name].recv()  # it is assembled, and waits for its first turn
        for _ in range(loaded.spec.trainer.max_epochs):
            for name, pipe in pipes.items():
                pipe.send(None)
                found[name].append(pipe.recv())
        for pipe, process in zip(pipes.values(), processes, strict=True):
            pipe.send(None)
            process.join()
            if process.exitcode:
                raise SystemExit(f"an arm ended with {process.exitcode}")
    return {name: epochs[1:] for name, epochs in found.items()}


def work(
    name: str, loaded: LoadedSpec, folder: Path, pipe: Connection, inherited: tuple[Connection, ...], clock: str
) -> None:
    """One arm, which waits for its turn after every epoch, and ends where nobody is left to give it one."""
    began, now = 0.0, CLOCKS[clock]
    for end in inherited:
        end.close()  # while it is open here, the end of the process that forked this one goes unnoticed

    def done(score: float) -> None:
        nonlocal began
        pipe.send((now() - began, score))
        pipe.recv()
        began = now()

    ARMS[name](loaded, folder, done)


def figures(epochs: Epochs, bare: Epochs) -> dict[str, Any]:
    """The ratios of an arm."""
    ratios = [seconds / other for (seconds, _), (other, _) in zip(epochs, bare, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    wanted = SCORE_WITHIN * min(score for _, score in bare)
    (own, count), (theirs, _) = (time_to(wanted, line) for line in (epochs, bare))
    return {
        "seconds": statistics.median(seconds for seconds, _ in epochs), "ratio": middle, "quartiles": [low, high],
        "least": min(score for _, score in epochs), "to_score": own / theirs, "epochs_to_score": count,
    }  # fmt: skip


def time_to(wanted: float, epochs: Epochs) -> tuple[float, int]:
    """Seconds and epochs until the score is as low as wanted; without end where it never is."""
    for count, (_, score) in enumerate(epochs, start=1):
        if score <= wanted:
            return sum(seconds for seconds, _ in epochs[:count]), count
    return float("inf"), len(epochs)


if __name__ == "__main__":
    main()

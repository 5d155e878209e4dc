"""A step in one process and in two, under DDP with gloo, through stq's own fit; run by `growth.py`."""

import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from made_step import MadeWindows, StepSize, module_of
from paired_times import ratio

from stq.spec import TrainerSpec
from stq.training import Loaders, fit
from stq.training._world import joined


def several_processes(steps: int, pairs: int = 3) -> dict[str, float]:
    """One process and two, in turn, each with the same batch of its own: ratios of two to one, medians over pairs."""
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(pairs):
            for count, rows in found.items():
                out = Path(folder) / f"{count}-{number}"
                out.mkdir()
                command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
                subprocess.run(
                    [*command, __file__, str(out), str(steps)],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                )
                ranks = [json.loads(path.read_text()) for path in out.iterdir()]
                rows.append({key: statistics.fmean(rank[key] for rank in ranks) for key in ranks[0]})
    one, two = found[1], found[2]
    return {
        "cpu": ratio([row["cpu"] for row in two], [row["cpu"] for row in one]),
        "wall": ratio([row["wall"] for row in two], [row["wall"] for row in one]),
        "resident": ratio([row["resident"] for row in two], [row["resident"] for row in one]),
        "all_reduce_share": statistics.median(row["all_reduce"] / row["wall"] for row in two),
        "all_reduce_ms": 1000 * statistics.median(row["all_reduce"] for row in two),
        "step_cpu_ms": 1000 * statistics.median(row["cpu"] for row in one),
        "gradient_bytes": two[0]["gradient_bytes"],
    }


def one_process(folder: Path, steps: int) -> None:
    """What one of several processes does, and what a step takes of it: through stq's own fit."""
    settings = TrainerSpec(accelerator="cpu", devices=int(os.environ["WORLD_SIZE"]), max_epochs=1, max_steps=steps)
    settings = settings.model_copy(update={"log_every_n_steps": 1, "patience": None})
    size, watch = StepSize(), Watch()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with joined(settings) as world:
        windows, module = MadeWindows(size, steps * size.batch * world.size), module_of(size)
        loaders = Loaders(
            windows, MadeWindows(size, 1), batch_size=size.batch, validation_batch_size=1, workers=0, seed=0
        )
        fit(module, loaders, settings, checkpoints=None, observers=[watch], world=world)
        numbers = sum(parameter.numel() for parameter in module.parameters())
        flat, taken = torch.zeros(numbers), [0.0]
        for _ in range(20 if world.size > 1 else 0):
            began = time.perf_counter()
            dist.all_reduce(flat)
            taken.append(time.perf_counter() - began)
        found = {**watch.found(), "all_reduce": statistics.median(taken), "gradient_bytes": 4 * numbers}
        (folder / f"{world.rank}.json").write_text(json.dumps(found))


class Watch:
    """Reads both clocks after every step, in every process."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def started(self, event: object) -> None:
        """Nothing."""

    def stepped(self, event: object) -> None:
        """Both clocks."""
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())

    def epoch_ended(self, event: object) -> None:
        """Nothing."""

    def found(self) -> dict[str, float]:
        """Seconds of a step, the first three left out, and MiB that are resident at most."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        kept = {"wall": self.wall[3:], "cpu": self.cpu[3:]}
        middle = {key: statistics.median(np.diff(times).tolist()) for key, times in kept.items()}
        return {**middle, "resident": peak}


if __name__ == "__main__":
    torch.set_num_threads(1)
    one_process(Path(sys.argv[1]), int(sys.argv[2]))

"""What a step costs under stq's own fit, against a bare PyTorch loop with a detach written by hand.

Both train the quickstart's network with its losses, optimiser, schedule and clipping by group, each on batches from a
DataLoader over the same windows. The bare loop runs inside an observer of the fit, a block of steps after every block
of Lightning's, so that both see the same machine: a ratio is the median over pairs of blocks. Lightning's blocks hold
all that a step of `stq train` does: loader, hooks, finite checks, routing, clipping, schedule, the observers' events.
Whole epochs, with plain Lightning beside, are measured by `epochs.py`.
Run: make bench-step, some 3 minutes on one core of a CPU; with `--clock cpu` on a machine that others use.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from paired_times import CLOCKS, Clock, name_of
from rich.console import Console
from rich.table import Table as Grid
from torch.utils.data import DataLoader, Dataset
from training_arms import ByHand

from stq.app._assembly import assemble
from stq.spec import load_spec
from stq.tensors import Batch
from stq.training import ForecastModule, Loaders, fit

SPEC = Path(__file__).parents[2] / "examples" / "nasa.yaml"
BLOCK = 4
TARGET = 1.10


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accelerator", default="cpu", help="of the Trainer: cpu, gpu")
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--blocks", type=int, default=20, help=f"pairs of blocks of {BLOCK} steps")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-routing"))
    parser.add_argument("--quick", action="store_true", help="one tiny network, two blocks: does it run?")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    networks, blocks = (["[4]"], 2) if chosen.quick else (["[16]", "[24]", "[24, 24]", "[48]"], chosen.blocks)
    clock = Clock(torch.device("cuda" if chosen.accelerator == "gpu" else "cpu"), chosen.clock)
    console = Console(width=100)
    grid = Grid(title=f"a step of stq's fit against a bare loop, median of {blocks} pairs of {BLOCK} steps")
    for column in ("hidden", "bare loop, ms", "stq, ms", "ratio", "quartiles"):
        grid.add_column(column, justify="right")
    rows = []
    for hidden in networks:
        ours, bare = paired(hidden, clock, chosen.accelerator, chosen.precision, blocks)
        ratios = [a / b for a, b in zip(ours, bare, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        row = {
            "hidden": hidden, "bare_ms": 1000 * statistics.median(bare) / BLOCK,
            "stq_ms": 1000 * statistics.median(ours) / BLOCK, "ratio": middle, "quartiles": [low, high],
        }  # fmt: skip
        rows.append(row)
        grid.add_row(hidden, f"{row['bare_ms']:.1f}", f"{row['stq_ms']:.1f}", f"{middle:.3f}", f"{low:.2f} {high:.2f}")
    console.print(grid)
    long = [row["ratio"] for row in rows if row["bare_ms"] >= 50]
    if long:
        console.print(f"at 50 ms or longer: at most {max(long):.3f} (target <= {TARGET})")
    chosen.out.mkdir(parents=True, exist_ok=True)
    conditions = {
        "device": name_of(clock.device), "precision": chosen.precision, "clock": chosen.clock, "threads": 1,
        "torch": torch.__version__,
    }  # fmt: skip
    document = json.dumps({"conditions": conditions, "rows": rows}, indent=1)
    (chosen.out / "step.json").write_text(document + "\n", encoding="utf-8")


def paired(hidden: str, clock: Clock, accelerator: str, precision: str, blocks: int) -> tuple[list[float], list[float]]:
    """Seconds of each block of stq's steps, and of the bare block after it."""
    steps = (blocks + 1) * BLOCK  # the first block warms up
    loaded = load_spec(SPEC, [f"model.hidden={hidden}", f"trainer.max_steps={steps}", "trainer.patience=null"])
    experiment = assemble(loaded)
    spec, module = loaded.spec, experiment.module
    windows = Repeated(experiment.data.splits["train"], steps * spec.data.batch_size)
    loaders = Loaders(
        windows,
        experiment.data.splits["val"],
        batch_size=spec.data.batch_size,
        validation_batch_size=spec.data.batch_size,
        workers=0,
        seed=spec.seed,
    )
    bare = bare_loop(
        module, DataLoader(windows, batch_size=spec.data.batch_size, shuffle=True), clock.device, precision
    )
    watch = Alternate(bare, clock)
    settings = spec.trainer.model_copy(
        update={"accelerator": accelerator, "precision": precision, "log_every_n_steps": BLOCK}
    )
    fit(module, loaders, settings, checkpoints=None, observers=[watch])
    return watch.ours[1:], watch.bare[1:]


class Repeated(Dataset[Batch]):
    """The windows there are, again and again, so that no validation falls between the steps."""

    def __init__(self, windows: Any, count: int) -> None:
        self.windows = windows
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        return self.windows[index % len(self.windows)]


class Alternate:
    """An observer that lets a bare block follow every block of the fit, and takes the time of both."""

    def __init__(self, bare: Callable[[], None], clock: Clock) -> None:
        self.step = bare
        self.clock = clock
        self.ours: list[float] = []
        self.bare: list[float] = []
        self.since = 0.0

    def started(self, event: object) -> None:
        """The clock starts."""
        self.since = self.clock()

    def stepped(self, event: object) -> None:
        """A block of the fit is over."""
        now = self.clock()
        self.ours.append(now - self.since)
        for _ in range(BLOCK):
            self.step()
        self.since = self.clock()
        self.bare.append(self.since - now)

    def epoch_ended(self, event: object) -> None:
        """Nothing."""


def bare_loop(
    module: ForecastModule, loader: DataLoader[Batch], device: torch.device, precision: str
) -> Callable[[], None]:
    """One step of what a person would write by hand for this network: no routing, no Lightning."""
    hand = ByHand(module, device)
    optimiser = torch.optim.AdamW(
        [{"params": tensors, "lr": 1e-3, "weight_decay": 1e-4} for tensors in hand.groups], lr=1e-3
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0 / (1.0 + 1e-4 * step))
    batches: Iterator[Batch] = iter(loader)

    def step() -> None:
        batch = Batch(*(tensor.to(device) for tensor in next(batches)))
        optimiser.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed"):
            values = hand.values(hand.forecast(batch), batch)
        hand.total(values).backward()
        hand.clip()
        optimiser.step()
        schedule.step()

    return step


if __name__ == "__main__":
    main()

"""Time and memory of a training step under five backwards, as ratios to one joint backward, paired in one run.

    joint         one backward of the weighted sum: no isolation
    detach        the same, with a detach written by hand where the quantile heads read the features
    pruned        stq's engine: one pruned pass for each class of groups
    save-restore  the original recipe: a full pass for each class, and what it spilled taken back
    torchjd       mtl_backward and jac_to_grad with its cheapest aggregator, Sum; it computes something else (a Jacobian
                  of all losses on the shared part), and only its cost is compared

A step is forward, losses, backward and AdamW on fixed numbers. In every round each method takes one step, in turn, and
a ratio is the median over the rounds of that round's ratio; the backward is timed within the same step. Memory is the
peak of one more step, beyond what lives between steps. Run: make bench-routing, some 15 minutes on one core of a CPU.
On a machine that others use, `--clock cpu` counts the seconds of this process alone.
"""

import argparse
import csv
import gc
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from benchmark_cases import METHODS, TABLES, Case, Size, Table, case
from paired_times import CLOCKS, Clock, name_of, ratio
from peak_memory import peak_bytes
from rich.console import Console
from rich.table import Table as Grid

SIZES = (Size(1, 16), Size(1, 48), Size(1, 96), Size(2, 24), Size(2, 48), Size(3, 32), Size(3, 96, cells=16))
FEW_SIZES = (Size(1, 16), Size(2, 24), Size(2, 48), Size(3, 32))
QUICK_SIZES = (Size(1, 4, cells=12),)


@dataclass(frozen=True)
class Row:
    """One method on one size and table; ratios are to `joint`, or None where the method can't express the table."""

    table: str
    passes: int
    layers: int
    hidden: int
    cells: int
    method: str
    step_ms: float
    backward_ms: float
    peak_mib: float
    step_ratio: float
    backward_ratio: float
    peak_ratio: float
    step_to_pruned: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1")
    parser.add_argument("--precision", choices=("32", "bf16", "16"), default="32", help="autocast; 16 with a scaler")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path("runs/bench-routing"))
    parser.add_argument("--quick", action="store_true", help="one tiny network, two rounds: does it run?")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    device, rounds = torch.device(chosen.device), 2 if chosen.quick else chosen.rounds
    clock = Clock(device, chosen.clock)
    rows: list[Row] = []
    console = Console(width=118)
    for number, table in enumerate(TABLES.values()):
        sizes = QUICK_SIZES if chosen.quick else SIZES if number == 0 else FEW_SIZES
        found = [row for size in sizes for row in measure(size, table, clock, chosen.precision, rounds)]
        console.print(grid(table, found))
        rows += found
    summary = summarise(rows)
    for line in summary["lines"]:
        console.print(line)
    chosen.out.mkdir(parents=True, exist_ok=True)
    conditions = {
        "device": name_of(device), "precision": chosen.precision, "rounds": rounds, "threads": 1, "clock": chosen.clock,
        "torch": torch.__version__, "python": platform.python_version(), "load": os.getloadavg()[0],
    }  # fmt: skip
    document = {"conditions": conditions, "summary": summary, "rows": [asdict(row) for row in rows]}
    (chosen.out / "routing.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    with (chosen.out / "routing.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(rows[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    from plot_routing import plot

    plot(document, chosen.out / "bench-routing.png")
    console.print(f"routing.json, routing.csv and bench-routing.png lie in {chosen.out}")


def measure(size: Size, table: Table, clock: Clock, precision: str, rounds: int) -> list[Row]:
    """All methods on one size and one table: interleaved rounds for the time, then one step each for the memory."""
    cases = {name: made for name in METHODS if (made := case(name, size, table, clock.device, precision)) is not None}
    steps: dict[str, list[float]] = {name: [] for name in cases}
    backwards: dict[str, list[float]] = {name: [] for name in cases}
    order = list(cases)
    gc.collect()
    for number in range(rounds + 2):  # two to warm up
        for name in order:
            step, backward = timed(cases[name], clock)
            if number >= 2:
                steps[name].append(step)
                backwards[name].append(backward)
        order = order[1:] + order[:1]  # nobody always follows the same neighbour
    peaks = {}
    for name, made in cases.items():
        made.forget()
        peaks[name] = peak_bytes(lambda made=made: walk(made), clock.device)
    return [
        Row(
            table=table.name,
            passes=table.passes,
            layers=size.layers,
            hidden=size.hidden,
            cells=size.cells,
            method=name,
            step_ms=1000 * statistics.median(steps[name]),
            backward_ms=1000 * statistics.median(backwards[name]),
            peak_mib=peaks[name] / 2**20,
            step_ratio=ratio(steps[name], steps["joint"]),
            backward_ratio=ratio(backwards[name], backwards["joint"]),
            peak_ratio=peaks[name] / peaks["joint"],
            step_to_pruned=ratio(steps[name], steps["pruned"]),
        )
        for name in cases
    ]


def timed(made: Case, clock: Clock) -> tuple[float, float]:
    """Seconds of one whole step, and of the backward within it."""
    start = clock()
    made.forget()
    losses = made.losses()
    before = clock()
    made.backward(losses)
    after = clock()
    made.update()
    return clock() - start, after - before


def walk(made: Case) -> None:
    """One step, not timed; the losses go where a training loop lets go of them."""
    made.backward(made.losses())
    made.update()


def grid(table: Table, rows: Sequence[Row]) -> Grid:
    """One table of routes: a line for each size."""
    found = Grid(title=f"{table.name}: ratio to joint of the step (of its backward), of peak memory")
    found.add_column("layers x hidden", justify="right")
    found.add_column("joint: ms, MiB", justify="right")
    for name in METHODS[1:]:
        found.add_column(name, justify="right")
    for key in dict.fromkeys((row.layers, row.hidden, row.cells) for row in rows):
        line = {row.method: row for row in rows if (row.layers, row.hidden, row.cells) == key}
        cells = [
            f"{r.step_ratio:.2f} ({r.backward_ratio:.2f}), {r.peak_ratio:.2f}" if (r := line.get(name)) else "no form"
            for name in METHODS[1:]
        ]
        joint = line["joint"]
        size = f"{key[0]} x {key[1]}, {key[2]}²"
        found.add_row(size, f"{joint.step_ms:.0f} ({joint.backward_ms:.0f}), {joint.peak_mib:.0f}", *cells)
    return found


def summarise(rows: Sequence[Row]) -> dict[str, object]:
    """The medians over sizes that stq promises, for the tables of two classes, with their targets."""
    two = [row for row in rows if row.passes == 2]
    pruned = [row for row in two if row.method == "pruned"]
    figures = {
        "pruned / joint, step": (statistics.median(row.step_ratio for row in pruned), "<=", 1.02),
        "save-restore / pruned, step": (
            statistics.median(row.step_to_pruned for row in two if row.method == "save-restore"), ">=", 1.4,
        ),
        "pruned / joint, peak memory": (statistics.median(row.peak_ratio for row in pruned), "<=", 1.02),
    }  # fmt: skip
    lines = [f"{name}: {value:.3f} in the median over sizes (target {sign} {target})" for name, (value, sign, target)
             in figures.items()]  # fmt: skip
    return {"lines": lines, **{name: value for name, (value, _, _) in figures.items()}}


if __name__ == "__main__":
    main()

"""What a step costs on paper, checked against steps that were measured; then a global grid on 1 to 64 GPUs.

A MODEL, NOT A MEASUREMENT, from the table of GPUs on. It has three parts.

1. The arithmetic of a step, as a formula of its sizes, beside what torch's FlopCounterMode counts in a real one.
2. A roofline over the operations of a real step (`counted_step`): each takes the longer of its arithmetic over the peak
   of the machine and its bytes over the bandwidth of its memory, plus what it costs to start one. Peak, bandwidth and
   cost of a start (from a step on 8 x 8 cells, where there is little else) are measured on this CPU in the same run,
   and so are the steps; how far prediction and measurement are apart is printed, and where it comes from.
3. The same over the data sheets of GPUs. The operations are those of a real step on a CPU, on two small fields; along a
   line through both they are those of a field of 1440 x 721, since arithmetic, bytes and memory of a step grow like
   pixels (`make bench-growth`).

Run: make bench-roofline, some 2 minutes on one core of a CPU.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from counted_step import ops_of
from global_grid import NETWORKS, on_paper, page
from machine_model import Machine, flops_of, predicted, this_machine
from made_step import StepSize, step_of
from torch.utils.flop_counter import FlopCounterMode

MEASURED = (
    StepSize(side=16), StepSize(), StepSize(side=96), StepSize(batch=8), StepSize(horizons=16),
    StepSize(hidden=(8,)), StepSize(hidden=(64, 64)), StepSize(hidden=(128,)),
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, measure, predict, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--core", type=float, default=0.5, help="GB/s of samples that a worker makes (make bench-loading)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/bench-roofline"))
    parser.add_argument("--quick", action="store_true", help="two sizes, one round: does it run?")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    sizes, rounds = (MEASURED[:2], 1) if chosen.quick else (MEASURED, chosen.rounds)
    here, load = this_machine(rounds), os.getloadavg()[0]
    print(
        f"{here.name}, 1 thread: {here.peak / 1e9:.0f} GFLOP/s, {here.bandwidth / 1e9:.1f} GB/s from memory, "
        f"{here.cached / 1e9:.1f} GB/s from its cache, {here.start * 1e6:.1f} us to start an operation; load {load:.1f}"
    )
    checked = check(sizes, here, rounds)
    print(table_of_checks(checked))
    networks = {"[4]": (4,)} if chosen.quick else NETWORKS
    grid = {name: on_paper(hidden, chosen.core * 1e9) for name, hidden in networks.items()}
    for name, found in grid.items():
        print(page(name, found))
    document = {"machine": vars(here), "load": load, "checked": checked, "grid": grid}
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "roofline.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    wrong = [row["size"] for row in checked if abs(row["formula"] / row["counted"] - 1) > 0.03]
    if wrong:
        raise SystemExit(f"the formula is more than 3 % from what was counted: {wrong}")


def check(sizes: Sequence[StepSize], here: Machine, rounds: int) -> list[dict[str, object]]:
    """The formula beside the counter, and the prediction beside the clock."""
    steps = [step_of(size) for size in sizes]
    taken: list[list[float]] = [[] for _ in sizes]
    for step in steps:
        step()
    for _ in range(rounds):
        for step, seconds in zip(steps, taken, strict=True):
            began = time.process_time()
            step()
            seconds.append(time.process_time() - began)
    rows = []
    for size, step, seconds in zip(sizes, steps, taken, strict=True):
        with FlopCounterMode(display=False) as counter:
            step()
        ops = ops_of(step)
        forecast, measured = predicted(ops, here), statistics.median(seconds)
        convolutions, others = ([op for op in ops if op.convolves == which] for which in (True, False))
        within, beside = (sum(op.seconds for op in part) for part in (convolutions, others))
        rows.append(
            {
                "of_convolutions": within / measured,
                "of_others": beside / measured,
                "of_peak": sum(op.flops for op in convolutions) / within / here.peak,
                "of_bandwidth": sum(op.bytes for op in others) / beside / here.cached,
                "size": label(size),
                "formula": flops_of(size),
                "counted": counter.get_total_flops(),
                "convolutions": sum(op.flops for op in convolutions),
                "bytes": sum(op.bytes for op in ops),
                "operations": len(ops),
                "predicted_ms": 1000 * forecast,
                "measured_ms": 1000 * measured,
                "ratio": forecast / measured,
            }
        )
    return rows


def label(size: StepSize) -> str:
    """A size in words."""
    return f"{size.side}², batch {size.batch}, {size.horizons} horizons, hidden {list(size.hidden)}"


def table_of_checks(rows: Sequence[dict[str, object]]) -> str:
    """As in docs/performance.md."""
    lines = [
        "",
        "| a step | formula / counted | GFLOP | predicted | measured | predicted / measured | convolutions | others |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['size']} | {row['formula'] / row['counted']:.3f} | {row['counted'] / 1e9:.2f} | "
            f"{row['predicted_ms']:.0f} ms | {row['measured_ms']:.0f} ms | **{row['ratio']:.2f}** | "
            f"{row['of_convolutions']:.0%} at {row['of_peak']:.0%} | "
            f"{row['of_others']:.0%} at {row['of_bandwidth']:.0%} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

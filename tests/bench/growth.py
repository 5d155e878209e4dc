"""How the time and the peak memory of a training step grow, along one axis at a time, and with a second process.

    pixels, horizons, hidden, batch        the quickstart's network on fields of 48 x 48, batch 2, all else fixed
    losses                                 so many copies of one, all on the same routes
    heads, layers                          backward passes: losses that reach one central head each, and layers of the
                                           backbone that each take another share of the losses
    processes                              `stq.training.fit` under DDP with gloo, started by torch.distributed.run

In every round each point of an axis takes its steps, in turn, on one thread, in seconds of this process; its time is
the median over rounds of that round's ratio to the first point, times the median of the latter. An exponent is the
slope of log time over log size, fitted by least squares to the upper part of the points, with its standard error.
Beside it stand those of the arithmetic and of the bytes which the operations of the step were counted to touch, and the
fixed cost: what a straight line through all points leaves at size zero. Memory is the peak of one more step beyond what
lives between steps.

Run: make bench-growth, some 12 minutes on one core of a CPU, two for the processes.
"""

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from counted_step import ops_of
from growth_processes import several_processes
from made_step import StepSize, step_of
from paired_times import name_of, ratio
from peak_memory import peak_bytes

UPPER = 4
"""Points, from the largest down, that an exponent is fitted to."""
AT_LEAST, WARM = 0.15, 0.3
"""Seconds of steps that a point takes in a round, and of a step from which on it needs no other one to warm up."""
DEEP = StepSize(hidden=(16, 16, 16, 16))


@dataclass(frozen=True)
class Axis:
    """Sizes along one axis; `at` gives the step of a number, `unit` what a reader counts."""

    name: str
    unit: str
    numbers: Sequence[int]
    at: Callable[[int], StepSize]


AXES = (
    Axis("pixels", "pixels of a field", [n * n for n in (8, 16, 32, 64, 96, 128, 192)],
         lambda n: StepSize(side=math.isqrt(n))),
    Axis("batch", "samples in a batch", (1, 2, 4, 8, 16, 32), lambda n: StepSize(batch=n)),
    Axis("horizons", "horizons", (1, 2, 4, 8, 16, 32), lambda n: StepSize(horizons=n)),
    Axis("hidden", "hidden channels", (8, 16, 32, 64, 128, 192), lambda n: StepSize(hidden=(n,))),
    Axis("losses", "losses", (1, 2, 4, 8, 16, 32), lambda n: StepSize(losses=n)),
    Axis("heads", "central heads with a loss of their own", (1, 2, 4, 6, 8), lambda n: StepSize(horizons=8, heads=n)),
    Axis("layers", "layers with routes of their own, of 4", (1, 2, 3, 4), lambda n: replace(DEEP, layers=n)),
)  # fmt: skip


@dataclass
class Point:
    """One size, and what was found."""

    number: int
    step: Callable[[], None]
    gflop: float
    gigabytes: float
    operations: int
    peak_mib: float
    seconds: list[float] = field(default_factory=list)

    def take(self) -> None:
        """The steps of a round."""
        if not self.seconds or self.seconds[-1] < WARM:
            self.step()
        count, began = 0, time.process_time()
        while count == 0 or time.process_time() - began < AT_LEAST:
            self.step()
            count += 1
        self.seconds.append((time.process_time() - began) / count)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", nargs="*", choices=[axis.name for axis in AXES], default=[a.name for a in AXES])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="of each process; 0: without processes")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-growth"))
    parser.add_argument("--quick", action="store_true", help="few points, one round: does it run?")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    loads = [os.getloadavg()[0]]
    found = {}
    for axis in AXES:
        if axis.name in chosen.axes:
            numbers = axis.numbers[:3] if chosen.quick else axis.numbers
            found[axis.name] = grown(axis, numbers, 1 if chosen.quick else chosen.rounds)
            print(line_of(axis.name, found[axis.name]), flush=True)
    processes = several_processes(chosen.steps) if chosen.steps else None
    if processes:
        print(json.dumps(processes))
    loads.append(os.getloadavg()[0])
    conditions = {
        "device": name_of(torch.device("cpu")), "threads": 1, "clock": "of the process", "torch": torch.__version__,
        "rounds": chosen.rounds, "load": loads,
    }  # fmt: skip
    document = {"conditions": conditions, "axes": found, "processes": processes}
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "growth.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    from plot_growth import plot

    plot(document, chosen.out / "bench-growth.png")
    print(f"growth.json and bench-growth.png lie in {chosen.out}")


def grown(axis: Axis, numbers: Sequence[int], rounds: int) -> dict[str, object]:
    """The points of an axis, and the exponents."""
    points = [point_of(number, axis.at(number)) for number in numbers]
    for _ in range(rounds):
        for point in points:
            point.take()
    base, rows = points[0], list[dict[str, float]]()
    for point in points:
        growth = ratio(point.seconds, base.seconds)
        ms = 1000 * growth * statistics.median(base.seconds)
        rows.append(
            {
                "number": point.number,
                "ms": ms,
                "ratio": growth,
                "peak_mib": point.peak_mib,
                "gflop": point.gflop,
                "gigabytes": point.gigabytes,
                "operations": point.operations,
                "gflops_per_second": point.gflop / ms * 1000,
            }
        )
    xs = [row["number"] for row in rows]
    exponents = {key: exponent(xs, [row[key] for row in rows]) for key in ("ms", "peak_mib", "gflop", "gigabytes")}
    return {"unit": axis.unit, "rows": rows, "exponents": exponents, "fixed": fixed(xs, [row["ms"] for row in rows])}


def point_of(number: int, size: StepSize) -> Point:
    """A size, counted and ready to be timed."""
    step = step_of(size)
    step()  # the optimiser's state is there after it
    ops = ops_of(step)
    return Point(
        number=number,
        step=step,
        gflop=sum(op.flops for op in ops) / 1e9,
        gigabytes=sum(op.bytes for op in ops) / 1e9,
        operations=len(ops),
        peak_mib=peak_bytes(step, torch.device("cpu")) / 2**20,
    )


def exponent(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    """Slope of log y over log x through the last UPPER points, and its standard error."""
    x, y = np.log(xs[-UPPER:]), np.log(ys[-UPPER:])
    x, y = x - x.mean(), y - y.mean()
    slope = float(x @ y / (x @ x))
    left = y - slope * x
    return [slope, float(np.sqrt(left @ left / max(len(x) - 2, 1) / (x @ x)))]


def fixed(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    """The line a + b x through all points, each by its relative error: a and b."""
    weight = 1 / np.array(ys)
    columns = np.stack([np.ones(len(xs)), np.array(xs, dtype=float)], axis=1)
    (a, b), *_ = np.linalg.lstsq(columns * weight[:, None], np.ones(len(xs)), rcond=None)
    return [float(a), float(b)]


def line_of(name: str, found: Mapping[str, object]) -> str:
    """A row of the table."""
    rows, exponents = found["rows"], found["exponents"]
    told = {key: f"{slope:.2f} ± {error:.2f}" for key, (slope, error) in exponents.items()}
    first, last = rows[0], rows[-1]
    speeds = ", ".join(f"{row['gflops_per_second']:.0f}" for row in rows)
    return (
        f"| {name} | {first['number']} to {last['number']} | {last['ratio']:.2f} | {told['ms']} | {told['gflop']} | "
        f"{told['gigabytes']} | {last['peak_mib'] / first['peak_mib']:.2f} | {told['peak_mib']} |  "
        f"{first['ms']:.1f} to {last['ms']:.1f} ms, {first['peak_mib']:.1f} to {last['peak_mib']:.1f} MiB; "
        f"fixed {found['fixed'][0]:.2f} ms, {found['fixed'][1]:.3g} ms each; GFLOP/s {speeds}"
    )


if __name__ == "__main__":
    main()

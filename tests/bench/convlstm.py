"""Time and memory of a ConvLSTM layer, forward and backward: stq's against those that a user would pick instead.

    stq          stq.models.ConvLSTM
    conv-lstm    the package of that name, the implementation that people copy; what ratios are to, in 32 bits and eager
    torchgeo     torchgeo.models.ConvLSTM
    hoisted      written by hand, with the convolution of the inputs of all steps in one call

All have the same weights, and must give the same last state within 1e-6. In every round each takes one step, in turn,
and a ratio is the median over rounds of that round's ratio. Memory is the peak of one more step, as torch's allocator
counts it. The share of the machine's peak is the arithmetic of the convolutions, written out in full (forward and two
gradients, over [X, H], at every step), in relation to torch.mm in the same run and precision.
Run: make bench-convlstm, some 15 minutes on one core; with `--clock cpu` on a machine that others use.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from convlstm_peers import KERNEL, compile_cells, implementations
from paired_times import CLOCKS, Clock, name_of, ratio
from peak_memory import peak_bytes
from torch import Tensor, nn

from stq.models import ConvLSTM

BASE = "conv-lstm"
INPUTS = 8
TARGETS = {"eager": 0.92, "compiled": 0.78}


@dataclass(frozen=True)
class Size:
    """Batch, steps, hidden channels, and cells along a side of the field."""

    batch: int
    steps: int
    hidden: int
    cells: int

    def __str__(self) -> str:
        return f"{self.cells}², {self.hidden} hidden, {self.steps} steps, batch {self.batch}"


@dataclass(frozen=True)
class Form:
    """An implementation and how it is run."""

    of: str
    compiled: bool = False
    channels_last: bool = False
    bf16: bool = False

    def __str__(self) -> str:
        said = {"compiled": self.compiled, "channels-last": self.channels_last, "bf16": self.bf16}
        return ", ".join([self.of, *(word for word, is_so in said.items() if is_so)])


@dataclass(frozen=True)
class Row:
    """One form at one size; `ratio` is None where the package that it is to isn't installed."""

    table: str
    size: str
    form: str
    ms: float
    ratio: float | None
    peak_mib: float
    share_of_peak: float


EAGER = [
    Size(8, 4, 16, 24), Size(8, 4, 24, 24), Size(4, 12, 64, 24), Size(2, 4, 128, 24),
    Size(4, 4, 32, 64), Size(1, 24, 16, 64), Size(1, 8, 24, 64), Size(1, 4, 64, 64),
    Size(1, 4, 32, 128), Size(1, 4, 64, 128), Size(1, 4, 16, 256), Size(1, 4, 32, 256),
]  # fmt: skip
FEW = [Size(8, 4, 24, 24), Size(4, 4, 32, 64), Size(1, 4, 32, 128)]
CURVE = [4, 8, 16, 24]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--rounds", type=int, default=15, help="at most; at least 3")
    parser.add_argument("--seconds", type=float, default=20.0, help="about as long at each size")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-convlstm"))
    parser.add_argument("--quick", action="store_true", help="one tiny layer, nothing compiled: does it run?")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    clock = Clock(torch.device("cpu"), chosen.clock)
    known, missing = implementations()
    began, load = time.perf_counter(), os.getloadavg()[0]
    peaks = {bf16: matrix_peak(clock, bf16, 128 if chosen.quick else 1024) for bf16 in (False, True)}

    def table(name: str, sizes: Sequence[Size], forms: Sequence[Form]) -> list[Row]:
        there = [form for form in forms if form.of in known]
        found = []
        for size in [Size(1, 2, 4, 8)] if chosen.quick else sizes:
            nets = {str(form): prepared(known[form.of], form, size) for form in there}
            measured = timed(nets, clock, chosen.rounds, chosen.seconds)
            for form in there:
                key = str(form)
                seconds = statistics.median(measured[key])
                to_base = ratio(measured[key], measured[BASE]) if BASE in measured else None
                share = arithmetic(size) / seconds / peaks[form.bf16]
                peak = peak_bytes(nets[key], clock.device) / 2**20
                found.append(Row(name, str(size), key, 1000 * seconds, to_base, peak, share))
            print(f"{name}: {size}, {time.perf_counter() - began:.0f} s", flush=True)
        return found

    rows = table("eager", EAGER, [Form(BASE), Form("stq"), Form("torchgeo"), Form("hoisted")])
    if not chosen.quick:
        rows += table(
            "compiled", EAGER, [Form(BASE), Form("stq"), Form(BASE, compiled=True), Form("stq", compiled=True)]
        )
    layouts = [Form(of, **{how: True}) for how in ("channels_last", "bf16") for of in (BASE, "stq")]
    rows += table("layout and precision", FEW, [Form(BASE), Form("stq"), *layouts])
    memory = curve(clock, chosen.quick)
    conditions = {
        "device": name_of(clock.device), "threads": 1, "clock": chosen.clock, "rounds": chosen.rounds, "load": load,
        "torch": torch.__version__, "python": platform.python_version(), "inputs": INPUTS, "kernel": KERNEL,
        "gflops_fp32": peaks[False] / 1e9, "gflops_bf16": peaks[True] / 1e9, "missing": missing,
    }  # fmt: skip
    document = {"conditions": conditions, "rows": [asdict(row) for row in rows], "checkpointing": memory}
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "convlstm.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    from convlstm_page import plot, written

    text = written(document, TARGETS)
    (chosen.out / "convlstm.md").write_text(text, encoding="utf-8")
    plot(document, chosen.out / "bench-convlstm.png")
    print(text)


def prepared(make: Callable[[int, int], nn.Module], form: Form, size: Size) -> Callable[[], None]:
    """A step on fixed numbers: forward, a sum of squares, backward. Refused where the last state is another."""
    torch.manual_seed(0)
    same = ConvLSTM(INPUTS, [size.hidden], KERNEL)
    net = make(INPUTS, size.hidden)
    net.load_state_dict(dict(zip(net.state_dict(), same.state_dict().values(), strict=True)))
    x = torch.randn(size.batch, size.steps, INPUTS, size.cells, size.cells)
    with torch.no_grad():
        far = (net(x) - same(x)).abs().max().item()
    if far > 1e-6:
        raise SystemExit(f"{form} at {size} is another ConvLSTM: its last state is {far:.1e} from stq's")
    if form.channels_last:
        net = net.to(memory_format=torch.channels_last)
        x = x.movedim(2, -1).contiguous().movedim(-1, 2)
    if form.compiled:
        compile_cells(net)

    def step() -> None:
        net.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16) if form.bf16 else nullcontext():
            last: Tensor = net(x)
        last.float().square().sum().backward()

    return step


def timed(steps: Mapping[str, Callable[[], None]], clock: Clock, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Seconds of each step, in rounds: one of each, in turn."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
        step()
    gc.collect()
    order = list(steps)
    began = time.perf_counter()
    while (done := len(found[order[0]])) < 3 or (done < rounds and time.perf_counter() - began < seconds):
        for name in order:
            start = clock()
            steps[name]()
            found[name].append(clock() - start)
        order = order[1:] + order[:1]  # nobody always follows the same neighbour
    return found


def curve(clock: Clock, quick: bool) -> list[dict[str, float]]:
    """Time and peak memory of stq's layer over steps, with every activation kept and with `checkpoint_activations`."""
    found = []
    for count in [2, 3] if quick else CURVE:
        size = Size(1, count, 4, 8) if quick else Size(1, count, 32, 64)
        steps = {
            name: prepared(
                lambda inputs, hidden, on=on: ConvLSTM(inputs, [hidden], KERNEL, checkpoint_activations=on),
                Form(name), size,
            )
            for name, on in (("kept", False), ("again", True))
        }  # fmt: skip
        measured = timed(steps, clock, 7, 6.0)
        peaks = {name: peak_bytes(step, clock.device) / 2**20 for name, step in steps.items()}
        found.append({
            "steps": count, "time_ratio": ratio(measured["again"], measured["kept"]),
            "kept_ms": 1000 * statistics.median(measured["kept"]),
            "kept_mib": peaks["kept"], "again_mib": peaks["again"],
        })  # fmt: skip
    return found


def arithmetic(size: Size) -> float:
    """Operations of the convolutions, forward and two gradients."""
    each = 2 * KERNEL**2 * (INPUTS + size.hidden) * 4 * size.hidden * size.cells**2
    return 3.0 * each * size.batch * size.steps


def matrix_peak(clock: Clock, bf16: bool, side: int) -> float:
    """Operations a second of torch.mm, the best of twenty."""
    a = torch.randn(side, side, dtype=torch.bfloat16 if bf16 else torch.float32)
    product = {"mm": lambda: torch.mm(a, a)}
    return 2 * side**3 / min(timed(product, clock, 20, 5.0)["mm"])


if __name__ == "__main__":
    main()

"""A machine as a few numbers, the arithmetic of a step as a formula, and the time that the one takes for the other."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from counted_step import Op, ops_of
from made_step import CHANNELS, LEVELS, VARIABLES, StepSize, step_of
from paired_times import name_of

HEAD, KERNEL = 16, 3

CACHED = 16 * 2**20
"""Bytes of an operation's tensors up to which they are taken to stay in the CPU's last cache."""


@dataclass(frozen=True)
class Machine:
    """Peaks in operations a second and bytes a second; `start` is seconds that each operation takes at least."""

    name: str
    peak: float
    bandwidth: float
    cached: float
    start: float
    link: float = math.inf
    """Bytes a second and direction between GPUs of one node."""
    network: float = math.inf
    """The same between nodes, for each node."""


def flops_of(size: StepSize) -> float:
    """Multiplications and additions of the convolutions of a step, as a formula; all else in a step is less than 1 %.

    A convolution of k x k from m to n channels takes 2 k^2 m n for a pixel forward, as much for the gradient of its
    weights, and as much for that of its input. Of a ConvLSTM layer of K inputs and h hidden channels the first step
    convolves K channels, the others K + h, all to 4 h. The gradient of the inputs of the network is not asked for:
    where X and H are convolved apart (h a multiple of 16), and in the first step, it is not computed. Quantile heads
    send no gradient to the features, since the pinball loss does not update the backbone.
    """
    cells, square, total, inputs = size.batch * size.pixels, 2 * KERNEL**2, 0.0, CHANNELS
    for number, hidden in enumerate(size.hidden):
        first = number == 0
        x, h = square * inputs * 4 * hidden, square * hidden * 4 * hidden
        later = size.history - 1
        no_gradient = x * (size.history if hidden % 16 == 0 else 1) if first else 0
        total += 3 * (x * size.history + h * later) - no_gradient
        inputs = hidden
    features = square * inputs * HEAD
    below = sum(level < 0.5 for level in LEVELS)
    outputs = {"central": 1, "lower": below, "median": int(0.5 in LEVELS), "upper": len(LEVELS) - below - 1}
    for name, levels in outputs.items():
        output = 2 * HEAD * levels * VARIABLES
        total += size.horizons * (3 * output + (3 if name == "central" else 2) * features)
    return total * cells


def this_machine(rounds: int) -> Machine:
    """What this CPU does at best, on one thread, in seconds of the process."""
    a, b = torch.randn(768, 768), torch.randn(768, 768)
    product = torch.empty(768, 768)
    peak = 2 * 768**3 / least(lambda: torch.mm(a, b, out=product), rounds)

    def bandwidth(numbers: int) -> float:
        x, y, z = torch.ones(numbers), torch.ones(numbers), torch.ones(numbers)
        return 12 * numbers / least(lambda: torch.add(x, y, out=z), rounds)

    found = Machine(name_of(torch.device("cpu")), peak, bandwidth(2**26), bandwidth(2**18), 0.0)
    tiny = step_of(StepSize(side=8, batch=1))
    ops = ops_of(tiny)
    return replace(found, start=max(0.0, least(tiny, rounds) - predicted(ops, found)) / len(ops))


def least(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the process that a call takes at least: for the peaks of a machine, not for comparisons."""
    work()
    taken = []
    for _ in range(5 * rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def predicted(ops: Sequence[Op], on: Machine, *, compute: float = 1.0, memory: float = 1.0) -> float:
    """Seconds of all operations, one after the other, at these shares of the peaks."""

    def of(op: Op) -> float:
        bandwidth = on.cached if op.bytes <= CACHED else on.bandwidth
        work = op.flops / (compute * on.peak) if op.convolves else 0.0
        return on.start + max(work, op.bytes / (memory * bandwidth))

    return sum(of(op) for op in ops)

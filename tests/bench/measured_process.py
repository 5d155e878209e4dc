"""A command in a process of its own: how long it takes, and the most memory that it has resident."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """`peak_gib` is of the largest process: the command itself, or a worker of its own."""

    seconds: float
    peak_gib: float


def measured(command: Sequence[str]) -> Measured:
    """Run a command to its end, which must be a good one.

    The system counts what the calling process holds as part of the peak: call it from a small one.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Measured(seconds, usage.ru_maxrss / 1024**2)

"""Clocks, ratios of paired times, and the name of what was timed on: what the benchmarks have in common."""

import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

CLOCKS: Mapping[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Seconds as the wall shows them, and of this process alone."""


@dataclass(frozen=True)
class Clock:
    """Seconds, once the device has done what it was given: as the wall shows them, or of this process alone."""

    device: torch.device
    kind: str = "wall"

    def __call__(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return CLOCKS[self.kind]()


def ratio(values: Sequence[float], to: Sequence[float]) -> float:
    """The median of paired ratios."""
    return statistics.median(a / b for a, b in zip(values, to, strict=True))


def name_of(device: torch.device) -> str:
    """What a reader would call it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    return f"CPU, {models[0].partition(':')[2].strip() if models else platform.machine()}"

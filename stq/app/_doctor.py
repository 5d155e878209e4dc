"""What this machine and this installation can do, and what on them is known to go wrong."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from stq import __version__
from stq.app._contention import contention
from stq.app._list_plugins import list_plugins

KNOWN_BAD = {
    ("pytorch-lightning", "2.6.2"): "a malicious release: remove it, and whatever it may have read",
    ("pytorch-lightning", "2.6.3"): "a malicious release: remove it, and whatever it may have read",
}
SHARED_MEMORY = 256 * 2**20
"""Bytes of /dev/shm below which workers of a loader are apt to die; 64 MB is what a container has by default."""
ROOM = 2**30
"""Bytes of disk below which a run may not fit."""

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` says what to do, and is empty where all is well."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True)
class DoctorResult:
    """Everything that was looked at. The verdict is that of the gravest."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """pass, warning or fault."""
        states = {finding.state for finding in self.findings}
        return "fault" if "fault" in states else "warning" if "warning" in states else "pass"

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"verdict": self.verdict, "findings": [vars(finding) for finding in self.findings]}


def doctor(folder: Path | None = None) -> DoctorResult:
    """Look at versions, devices, threads, plugins, and at `folder` (default the working directory), where runs go."""
    folder = Path.cwd() if folder is None else folder
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _devices,
        _threads,
        _plugins,
        lambda: _disk(folder),
        _workers,
        _environment,
    )
    return DoctorResult(tuple(finding for look in looks for finding in look()))


def _versions() -> Iterator[Finding]:
    yield Finding("stq", "ok", __version__)
    yield Finding("python", "ok", sys.version.split()[0])
    for line in requires("stq") or ():
        needed = Requirement(line)
        extra = needed.marker is not None and not needed.marker.evaluate({"extra": ""})
        if not extra:
            yield _package(needed)


def _package(needed: Requirement) -> Finding:
    wanted = str(needed.specifier)
    try:
        there = version(needed.name)
    except PackageNotFoundError:
        return Finding(needed.name, "fault", "not installed", f"stq needs {needed.name}{wanted}")
    if (needed.name, there) in KNOWN_BAD:
        return Finding(needed.name, "fault", there, KNOWN_BAD[needed.name, there])
    if not needed.specifier.contains(there, prereleases=True):
        return Finding(needed.name, "fault", there, f"stq needs {needed.name}{wanted}")
    return Finding(needed.name, "ok", there)


def _devices() -> Iterator[Finding]:
    import torch

    for index in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(index)
        yield Finding(f"GPU {index}", "ok", f"{card.name}, {card.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        yield Finding("GPU", "ok", "Apple MPS")
    if torch.version.cuda and not torch.cuda.is_available():
        advice = "training goes to the CPU; `nvidia-smi` shows whether the driver sees one"
        yield Finding("GPU", "warning", f"none, though torch is built for CUDA {torch.version.cuda}", advice)
    compiler = shutil.which("g++") or shutil.which("clang++") or shutil.which("c++")
    yield Finding("C++ compiler", "ok", compiler or "none; model.compile needs one on a CPU")


def _threads() -> Iterator[Finding]:
    import torch

    threads, cores = torch.get_num_threads(), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    found = f"{threads}, of {cores or os.cpu_count()} logical CPUs that this process may use"
    if cores and threads > cores:
        yield Finding("threads", "warning", found, f"set OMP_NUM_THREADS={cores}: more threads wait for one another")
    elif advice := contention(threads):
        yield Finding("threads", "warning", found, advice)
    else:
        yield Finding("threads", "ok", found)


def _plugins() -> Iterator[Finding]:
    for card in list_plugins(load=True):
        name = f"plugin {card.name}"
        where = f"{card.distribution} {card.version}"
        if card.cause:
            yield Finding(name, "warning", where, f"broken: {card.cause}")
        elif not card.builtin:
            yield Finding(name, "ok", where)


def _disk(folder: Path) -> Iterator[Finding]:
    place = folder.resolve()
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        yield Finding("runs go to", "fault", f"{place}: {error.strerror}", "change to a folder that you may write in")
        return
    found = f"{place}, {free / 2**30:.1f} GiB free"
    if free < ROOM:
        yield Finding("runs go to", "warning", found, "make room: checkpoints and forecasts may not fit")
    else:
        yield Finding("runs go to", "ok", found)


def _workers() -> Iterator[Finding]:
    shared = Path("/dev/shm")
    if shared.is_dir():
        size = shutil.disk_usage(shared).total
        if size < SHARED_MEMORY:
            advice = "data.workers hand their batches over in it: keep workers: 0, or enlarge it (docker: --shm-size)"
            yield Finding("shared memory", "warning", f"{size / 2**20:.0f} MiB", advice)
        else:
            yield Finding("shared memory", "ok", f"{size / 2**20:.0f} MiB")


def _environment() -> Iterator[Finding]:
    if os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD") == "1":
        advice = "stq reads checkpoints safely whatever it says; other programs run the code that a file holds"
        yield Finding("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "warning", "1", advice)
    for extra, packages in _extras().items():
        there = [name for name in packages if _installed(name)]
        found = "installed" if len(there) == len(packages) else f"not installed (pip install 'stq[{extra}]')"
        yield Finding(f"extra {extra}", "ok", found)


def _extras() -> dict[str, list[str]]:
    extras: dict[str, list[str]] = {}
    for line in requires("stq") or ():
        needed = Requirement(line)
        for extra in distribution("stq").metadata.get_all("Provides-Extra") or ():
            if extra != "dev" and needed.marker is not None and needed.marker.evaluate({"extra": extra}):
                extras.setdefault(extra, []).append(needed.name)
    return extras


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False

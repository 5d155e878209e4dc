"""How many threads to compute with, settled before torch is imported."""

import os
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
QUOTA = Path("/sys/fs/cgroup/cpu.max")
CHOSEN_BY_USER = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def settle_threads() -> None:
    """One thread for each physical core that this process may use, unless the environment already says how many.

    Two threads on one core slow each other down, and more threads than a container's quota wait for one another. They
    wait asleep: where another program shares the cores, waiting at full speed made an epoch 11 times as long.
    """
    if not any(name in os.environ for name in CHOSEN_BY_USER):
        os.environ["OMP_NUM_THREADS"] = str(usable_cores())
        os.environ["STQ_CHOSE_THREADS"] = "1"  # so that processes which share the machine divide them
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def usable_cores(cpus: Path = CPUS, quota: Path = QUOTA) -> int:
    """Physical cores within the process's affinity and the container's quota, at least one."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = {siblings(cpus, cpu) for cpu in os.sched_getaffinity(0)}
    return max(1, min(len(cores), granted(quota) or len(cores)))


def siblings(cpus: Path, cpu: int) -> str:
    """What identifies the core of a logical CPU: the list of those that share it, or itself where none is told."""
    try:
        return (cpus / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def granted(quota: Path) -> int | None:
    """Whole CPUs that the container may use at a time; None where there is no limit."""
    try:
        share, period = quota.read_text().split()
        return max(1, int(share) // int(period))
    except (OSError, ValueError):
        return None

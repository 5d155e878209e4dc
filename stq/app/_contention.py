"""Whether others compute on the same processors."""

import os

OWN = 1.0
"""What a process that has just started adds to the load by itself."""


def contention(threads: int, load: float | None = None, cpus: int | None = None) -> str:
    """What to say of a machine on which `threads` threads can't all have a processor of their own; empty otherwise.

    By default of this machine now: `load` is how many of its `cpus` logical CPUs were wanted over the last minute, by
    whomever. The threads of a step wait for the slowest of them, so that one that has to share its processor holds up
    the rest (an epoch 11 times as long was seen); one thread alone merely gets its share.

    A process that may use some of the CPUs alone, as in a job of Slurm, is told nothing: the load is of them all. In a
    container with a quota it is of its host, and what others in the container compute within the quota goes unseen.
    """
    if cpus is None:
        cpus = os.cpu_count() or 1
        if hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) < cpus:
            return ""
    if load is None:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if threads < 2 or load + threads <= cpus + OWN:
        return ""
    return (
        f"the processors were busy over the last minute (load {load / cpus:.1f} for each of {cpus} logical CPUs), and "
        f"{threads} threads wait for one another: while others compute here, OMP_NUM_THREADS=1 may well be faster"
    )

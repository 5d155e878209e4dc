"""The most memory that a step holds at once, beyond what lives between steps."""

import gc
from collections.abc import Callable

import torch


def peak_bytes(work: Callable[[], None], device: torch.device) -> int:
    """Peak of the bytes that `work` allocates and has not yet freed, as torch's own allocator counts them.

    On a CPU every allocation and release is recorded by torch's profiler, those inside an operator included (not what
    a library takes by itself, such as a convolution's scratch space); on CUDA the allocator keeps the peak itself.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    gc.collect()  # what was left from before would be freed meanwhile, and be taken off
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak

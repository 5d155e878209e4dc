"""The most memory that a step holds at once, beyond what lives between steps."""

from collections.abc import Callable, Iterator
from typing import Any

import torch


def peak_bytes(work: Callable[[], None], device: torch.device) -> int:
    """Peak of the bytes that `work` allocates and has not yet freed, as torch's own allocator counts them.

    On a CPU every allocation and release is recorded by torch's profiler, those inside an operator included (not what
    a library takes by itself, such as a convolution's scratch space), and a release of what was there before counts
    nothing; on CUDA the allocator keeps the peak itself.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    held, total, peak = dict[int, int](), 0, 0
    for event in sorted(allocations(profiler.profiler.kineto_results), key=lambda event: event.start_time_ns):
        block = event.extra_fields
        if block.alloc_size > 0:
            held[block.ptr] = block.alloc_size
            total += block.alloc_size
            peak = max(peak, total)
        else:  # the profiler may take it for one of the same address that it saw in a former profile
            total -= held.pop(block.ptr, 0)
    return peak


def allocations(results: Any) -> Iterator[Any]:
    """Of memory, taken and given back, in no order."""
    left = list(results.experimental_event_tree())
    while left:
        event = left.pop()
        left += event.children
        if event.tag == torch._C._profiler._EventType.Allocation:
            yield event

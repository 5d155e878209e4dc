"""What the processes tell each other about a micro-batch, in one exchange: sizes, losses, and a wish to stop."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from stq.tensors import Batch


@dataclass(frozen=True)
class GlobalBatch:
    """One micro-batch of all processes.

    `factors` turn a loss of this process into its part of the loss of the global batch, times the number of processes
    (DistributedDataParallel divides by it). `losses` are those of the global batch; `samples` how many it has;
    `signal` the number of a signal that a process has received, or 0. `broken` are the losses of each process, by rank,
    that move something and are not finite.
    """

    factors: Mapping[str, float]
    losses: Mapping[str, Tensor]
    samples: float
    signal: int
    broken: tuple[tuple[str, ...], ...]


def exchange(
    losses: Mapping[str, Tensor],
    by_elements: Mapping[str, bool],
    batch: Batch,
    *,
    moving: Collection[str],
    signal: int,
) -> GlobalBatch:
    """Gather what is to be known of the global batch; `moving` are the losses that move something.

    A loss that is a mean over valid elements (`by_elements`) becomes the mean over those of the global batch, each by
    its area weight: with n_r the sum of the weights of process r, sum_r n_r L_r / sum_r n_r. Any other becomes the mean
    over processes, each by its number of samples in which anything is valid.
    """
    elements = (batch.weight[:, None, None] * batch.valid).sum(dtype=torch.float64)
    told = [elements, samples_of(batch).double(), elements.new_tensor(float(signal))]
    # One wait for the device; the arithmetic below is on the CPU.
    ranks = stacked(torch.stack([*told, *(loss.detach().double() for loss in losses.values())])).cpu()
    factors, means = {}, {}
    for column, name in enumerate(losses, start=len(told)):
        counts = ranks[:, 0] if by_elements[name] else ranks[:, 1]
        total = torch.where(counts.sum() > 0, counts.sum(), 1.0)
        factors[name] = float(len(ranks) * counts[dist.get_rank()] / total)
        means[name] = (counts * ranks[:, column]).sum() / total
    finite = torch.isfinite(ranks[:, len(told) :]).tolist()
    return GlobalBatch(
        factors=factors,
        losses=means,
        samples=float(ranks[:, 1].sum()),
        signal=int(ranks[:, 2].max()),
        broken=tuple(
            tuple(name for name, good in zip(losses, row, strict=True) if not good and name in moving) for row in finite
        ),
    )


def said_by_all(mine: str) -> str:
    """A line for each process that has one. Every process has to ask."""
    lines: list[str] = [""] * dist.get_world_size()
    dist.all_gather_object(lines, mine)
    return "\n".join(f"process {rank}, {line}" for rank, line in enumerate(lines) if line)


def stacked(value: Tensor) -> Tensor:
    """The `value` of every process, by rank along a new first axis. Every process has to ask."""
    found = [torch.empty_like(value) for _ in range(dist.get_world_size())]
    dist.all_gather(found, value)
    return torch.stack(found)


def samples_of(batch: Batch) -> Tensor:
    """How many samples have any valid target."""
    return batch.valid.flatten(1).any(dim=1).sum()

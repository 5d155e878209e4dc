"""One optimiser with a named parameter group for each routing group, and its schedule."""

import math

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from stq.routing import Groups
from stq.spec import OptimSpec


def build_optimiser(groups: Groups, optim: OptimSpec) -> Optimizer:
    """The optimiser of the spec over every group that is not frozen, with the settings that a group has of its own."""
    sets = []
    for group in groups:
        if group.frozen:
            continue
        own = optim.groups.get(group.name)
        sets.append(
            {
                "name": group.name,
                "params": group.tensors(),
                "lr": optim.lr if own is None or own.lr is None else own.lr,
                "weight_decay": optim.weight_decay if own is None or own.weight_decay is None else own.weight_decay,
            }
        )
    if optim.name == "sgd":
        return torch.optim.SGD(sets, lr=optim.lr, momentum=optim.momentum)
    if optim.name == "adam":
        return torch.optim.Adam(sets, lr=optim.lr)
    return torch.optim.AdamW(sets, lr=optim.lr)


def build_schedule(optimiser: Optimizer, optim: OptimSpec, steps: int) -> LambdaLR:
    """A factor on every group's learning rate by step: a linear warm-up, then constant or half a cosine to zero."""
    warmup = round(optim.schedule.warmup * steps)
    cosine = optim.schedule.name == "cosine"

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if not cosine:
            return 1.0
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))

    return LambdaLR(optimiser, factor)

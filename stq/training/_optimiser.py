"""One optimiser with a named parameter group for each routing group."""

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import Optimizer

from stq.routing import Groups
from stq.spec import OptimSpec
from stq.training._composite_optimiser import CompositeOptimiser

ALGORITHMS: Mapping[str, type[Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
}


def build_optimiser(groups: Groups, optim: OptimSpec) -> Optimizer:
    """The optimiser of the spec over every group that is not frozen, with the settings that a group has of its own.

    Where groups have different algorithms it is one composite of them.
    """
    by_algorithm: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        if not group.frozen:
            settings = {"name": group.name, "params": group.tensors(), **optim.settings_of(group.name)}
            by_algorithm.setdefault(optim.algorithm_of(group.name), []).append(settings)
    parts = [make(ALGORITHMS[algorithm], sets) for algorithm, sets in by_algorithm.items()]
    return parts[0] if len(parts) == 1 else CompositeOptimiser(parts)


def make(algorithm: Any, sets: list[dict[str, Any]]) -> Optimizer:
    """All settings that a spec knows stand in the sets themselves; torch's defaults fill in the rest."""
    made: Optimizer = algorithm(sets)
    return made

"""Weighted means of named scalars over an epoch, without a wait for the device at every step."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor


class Means:
    """Adds up scalars in float64 and divides once."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weight = 0.0

    def add(self, values: Mapping[str, Tensor], weight: float) -> None:
        """Count each of `values` (scalars) `weight` times. A weight of zero counts nothing, whatever the value."""
        if weight == 0:
            return
        for name, value in values.items():
            added = value.double() * weight
            self._sums[name] = added if name not in self._sums else self._sums[name].to(added.device) + added
        self._weight += weight

    def compute(self) -> dict[str, float]:
        """The means so far, by name; empty for none."""
        return {name: float(total) / self._weight for name, total in self._sums.items()}

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps: the sums by name, and their weight under the empty name."""
        return {"": self._weight, **{name: float(total) for name, total in self._sums.items()}}

    @classmethod
    def of_state(cls, state: Mapping[str, float]) -> "Means":
        """The means that `state` was taken of."""
        means = cls()
        means._weight = state.get("", 0.0)
        means._sums = {name: torch.tensor(total, dtype=torch.float64) for name, total in state.items() if name}
        return means


def summed(named: Mapping[str, tuple[Means, Sequence[str]]], add_up: Callable[[Tensor], Tensor]) -> dict[str, Means]:
    """Each of the means over all processes; `add_up` sums a vector over them, once for all means.

    The names of the scalars are given, for a process that has seen none does not know them.
    """
    states = {key: (means.state(), ("", *names)) for key, (means, names) in named.items()}
    flat = [state.get(name, 0.0) for state, names in states.values() for name in names]
    found = iter(add_up(torch.tensor(flat, dtype=torch.float64)).tolist())
    return {key: Means.of_state({name: next(found) for name in names}) for key, (_, names) in states.items()}

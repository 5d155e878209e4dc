"""Several algorithms as one optimiser."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer


class CompositeOptimiser(Optimizer):
    """Optimisers over disjoint parameters that step as one.

    To schedulers, gradient scalers, checkpoints and step counters it is a single optimiser: `param_groups` lists the
    groups of all parts, in their order, and `state` holds the state of all. Both are the parts' own objects, not
    copies, so that a learning rate set in one place is set in both. A step gives the bits of the parts' own steps.
    """

    def __init__(self, parts: Sequence[Optimizer]) -> None:
        self.parts: tuple[Optimizer, ...] = ()
        super().__init__([group for part in parts for group in part.param_groups], {})
        for part in parts:
            self.state.update(part.state)
        self.parts = tuple(parts)
        self._share()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of every part; `closure` is run once, before them, and its value returned."""
        value = None
        if closure is not None:
            with torch.enable_grad():
                value = closure()
        for part in self.parts:
            part.step()
        return value

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore all parts from what `state_dict` gave of an optimiser of the same parts."""
        super().load_state_dict(state_dict)
        self._share()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Only while it is made: no part would move a later group. Raises RuntimeError."""
        if self.parts:
            raise RuntimeError("a composite optimiser takes no further group: no part of it would move the parameters")
        super().add_param_group(param_group)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "parts": self.parts}

    def _share(self) -> None:
        """Hand every part its groups and the state: loading makes new objects of both."""
        groups = iter(self.param_groups)
        for part in self.parts:
            mine = [next(groups) for _ in part.param_groups]
            part.__setstate__({"state": self.state, "param_groups": mine})

"""A training step between its forward and its backward."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from stq.routing._engines import Engine
from stq.routing._plan import Plan


@dataclass(frozen=True)
class Step:
    """The unweighted losses of a step, and their weighted total.

    A probe finds in `scale` what others multiplied the total by; None where it has no graph.
    """

    losses: Mapping[str, Tensor]
    total: Tensor
    scale: Tensor | None = None

    @property
    def factor(self) -> float:
        """The scale as a number; 1 where there is none."""
        return 1.0 if self.scale is None else float(self.scale)


Probe = Callable[[Plan, Step, Engine], bool]
"""Looks at a step on its retained graph; False says that the step ends there, without a backward."""

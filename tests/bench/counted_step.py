"""What a step computes and moves, operation by operation, counted while it runs."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

UNTOUCHED = ("empty", "new_empty", "detach", "_unsafe_view", "lift", "alias")
"""Operations that touch no numbers, though they are no views by their schema."""


@dataclass(frozen=True)
class Op:
    """One call: its arithmetic, a multiplication and an addition as two, and the bytes of what it reads and writes."""

    name: str
    flops: float
    bytes: float
    seconds: float
    """Of the process, within the operation."""

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution, forward or backward."""
        return "convolution" in self.name


class CountOps(TorchDispatchMode):
    """Keeps every operation that touches numbers, of the backward pass too; arithmetic by torch's own formulas.

    Each operand counts once, as if nothing stayed in a cache between two operations and nothing was read twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ops: list[Op] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        began = time.process_time()
        found = func(*args, **(kwargs or {}))
        seconds = time.process_time() - began
        name, returns = func._overloadpacket._qualified_op_name.removeprefix("aten::"), func._schema.returns
        view = bool(returns) and returns[0].alias_info is not None and not returns[0].alias_info.is_write
        if not view and not name.startswith(UNTOUCHED):
            formula = flop_registry.get(func._overloadpacket)
            flops = 0 if formula is None else formula(*args, **(kwargs or {}), out_val=found)
            tensors = {id(t): t for t in tree_leaves((args, kwargs, found)) if isinstance(t, torch.Tensor)}
            self.ops.append(Op(name, float(flops), float(sum(t.nbytes for t in tensors.values())), seconds))
        return found


def ops_of(step: Callable[[], object]) -> list[Op]:
    """The operations of a step."""
    with CountOps() as counted:
        step()
    return counted.ops

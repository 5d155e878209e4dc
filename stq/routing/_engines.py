"""What an engine is, and the ones there are by name."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor

from stq.routing._joint import joint
from stq.routing._plan import Plan
from stq.routing._pruned import pruned
from stq.routing._save_restore import save_restore


@runtime_checkable
class Engine(Protocol):
    """Adds to every parameter's `.grad` what `plan` permits of `losses`, each multiplied by the scalar `scale`.

    `losses` maps names to unweighted scalars of one graph; it may hold fewer than the plan knows (the audit seeds one
    alone). The graph is freed unless `retain_graph`. Parameters that nothing reaches keep the `.grad` they had.
    """

    def __call__(
        self, plan: Plan, losses: Mapping[str, Tensor], scale: Tensor, *, retain_graph: bool = False
    ) -> None: ...


ENGINES: Mapping[str, Engine] = {"pruned": pruned, "save-restore": save_restore, "joint": joint}

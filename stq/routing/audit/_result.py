"""What each loss really does to each group: measured on the graph of a real step, never computed from the table."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.routing.audit._cost import Cost
from stq.routing.audit._starved import Starved
from stq.routing.audit._verdicts import Cell, Fault, faults_of, gravest


@dataclass(frozen=True)
class ModuleNorms:
    """The applied gradient norm of each loss, and of all together (`total`), on the parameters of one module."""

    module: str
    group: str
    norms: Mapping[str, float]
    total: float


@dataclass(frozen=True)
class Conflict:
    """The cosine between the raw gradients of two losses on one group: -1 is a fight, 0 none, 1 agreement."""

    group: str
    losses: tuple[str, str]
    cosine: float


@dataclass(frozen=True)
class Audit:
    """The outcome for one step, or for several that `over_steps` put together.

    `reference_difference` is the largest absolute difference between the gradients of the engine under test and those
    of `reference`: 0 on a CPU, where both add the same numbers in the same order. `sum_difference` is the largest, over
    groups, of ||g - sum a w raw|| / sum a w ||raw||, the sum being taken by autograd itself in one pass a column: 0 on
    a CPU too. `passes` were counted while the engine ran.

    `starved` and `without_graph` (losses that had none) are kept apart from `others`, the faults that no cell shows,
    because they add up differently over several steps; `in_company` are the cells whose leak shows only beside other
    losses.
    """

    cells: tuple[Cell, ...]
    modules: tuple[ModuleNorms, ...]
    conflicts: tuple[Conflict, ...]
    reference: str
    reference_difference: float
    sum_difference: float
    passes: int
    cost: Cost | None = None
    steps: int = 1
    starved: tuple[Starved, ...] = ()
    without_graph: tuple[str, ...] = ()
    in_company: tuple[tuple[str, str], ...] = ()
    others: tuple[Fault, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong: pairs of a kind (one of `SEVERITY`) and a text that names it."""
        return faults_of(self.cells, self.starved, self.others, self.in_company, self.without_graph)

    @property
    def verdict(self) -> str:
        """`pass`, or the gravest kind of fault."""
        return gravest(self.faults)

    @property
    def problems(self) -> tuple[str, ...]:
        """The texts of the faults."""
        return tuple(text for _, text in self.faults)

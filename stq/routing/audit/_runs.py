"""The runs of one audit: an engine, another, and autograd, on the same graph."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.routing._engines import ENGINES, Engine
from stq.routing._plan import Plan
from stq.routing._step import Step
from stq.routing.audit._cost import counted
from stq.routing.audit._gradients import Gradients, Named
from stq.routing.audit._trial import Trial, trial_of


@dataclass(frozen=True)
class Runs:
    """What came of them, with the hooks of accumulated gradients muted.

    By autograd alone: `raw`, the gradients of weight * loss for each loss, and `permitted`, the sum of what the table
    permits. By `engine`: `alone`, seeded with each loss that has a graph, and `together`, with all of them,
    which takes so many backward `passes`; `by_reference` is the same of the engine called `reference`.
    """

    trial: Trial
    engine: Engine
    reference: str
    raw: Mapping[str, Gradients]
    permitted: Gradients
    alone: Mapping[str, Gradients]
    together: Gradients
    passes: int
    by_reference: Gradients

    @property
    def plan(self) -> Plan:
        """The table that all of them ran."""
        return self.trial.plan


def runs_of(plan: Plan, step: Step, engine: Engine, outsiders: Named) -> Runs:
    """Make them; `save-restore` is the reference, and `pruned` that of `save-restore`."""
    trial, raw = trial_of(plan, step, outsiders)
    alive = trial.alive
    together, passes = counted(alive, lambda: trial.run(engine, alive))
    reference = "pruned" if engine is ENGINES["save-restore"] else "save-restore"
    return Runs(
        trial,
        engine,
        reference,
        raw,
        permitted=trial.permitted(list(alive)),
        alone={name: trial.run(engine, {name: loss}) for name, loss in alive.items()},
        together=together,
        passes=passes,
        by_reference=trial.run(ENGINES[reference], alive),
    )

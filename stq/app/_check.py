"""What a person wants to see of an experiment before days of training."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.app._assembly import Experiment
from stq.app._init_from import InitialWeights
from stq.app._memory import MemoryEstimate


@dataclass(frozen=True)
class LossRow:
    """One loss of the spec as it would train."""

    name: str
    loss: str
    weight: float
    updates: Mapping[str, float]
    distribution: str


@dataclass(frozen=True)
class CheckResult:
    """A spec that can train, in figures. `windows` is by split; `elements` counts trainable scalars by group.

    `initial` says what came from `init_from`, None without one. The last three are of `check` alone: `memory`, which is
    an estimate, `warnings`, which leave the spec one that can train, and the verdict on the `gradients` of one batch.
    """

    name: str
    variables: tuple[str, ...]
    units: tuple[str, ...]
    channels: tuple[str, ...]
    size: tuple[int, int]
    horizons: tuple[int, ...]
    windows: Mapping[str, int]
    losses: tuple[LossRow, ...]
    elements: Mapping[str, int]
    engine: str
    passes: int
    initial: InitialWeights | None
    notes: tuple[str, ...]
    memory: MemoryEstimate | None = None
    warnings: tuple[str, ...] = ()
    gradients: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "verdict": "pass",
            **{key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()},
            "losses": [{**vars(row), "updates": dict(row.updates)} for row in self.losses],
            "initial": None if self.initial is None else self.initial.to_dict(),
            "memory": None if self.memory is None else self.memory.to_dict(),
        }


def summary(experiment: Experiment) -> CheckResult:
    """The figures of an experiment."""
    data, plan = experiment.data, experiment.module.router.plan
    return CheckResult(
        name=experiment.loaded.spec.name,
        variables=data.variables,
        units=data.units,
        channels=data.channel_names,
        size=data.size,
        horizons=data.horizons,
        windows={name: len(windows) for name, windows in data.splits.items()},
        losses=tuple(
            LossRow(r.name, type(r.loss).name, r.weight, r.updates, r.distribution) for r in experiment.losses
        ),
        elements={group.name: group.elements for group in plan.groups if not group.frozen},
        engine=experiment.loaded.spec.routing.engine,
        passes=plan.passes,
        initial=experiment.initial,
        notes=experiment.notes,
    )

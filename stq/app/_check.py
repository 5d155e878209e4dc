"""Check a spec without training: its text, then its plugins, then its data, in the order of their cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.app._assembly import Experiment, assemble
from stq.app._notes import spec_notes
from stq.spec import LoadedSpec


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
    """A spec that can train, in figures. `windows` is by split; `elements` counts trainable scalars by group."""

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
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "verdict": "pass",
            **{key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()},
            "losses": [{**vars(row), "updates": dict(row.updates)} for row in self.losses],
        }


def check(loaded: LoadedSpec) -> CheckResult:
    """Everything that `train` would refuse before its first step is refused here, by the same code."""
    return summary(assemble(loaded))


def summary(experiment: Experiment) -> CheckResult:
    """What a person wants to see before days of training."""
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
        notes=(*spec_notes(experiment.loaded.spec, experiment.losses), *data.notes),
    )

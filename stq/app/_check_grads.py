"""The gradient audit of a spec, or of a run with its trained weights."""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from stq.app._assembly import Experiment, assemble
from stq.app._finite import finite
from stq.app._run_folder import RunFolder
from stq.app._synthetic import synthetic_loaders
from stq.routing import Audit, Plan
from stq.spec import LoadedSpec
from stq.training import ALONE, World, probe_training_step


@dataclass(frozen=True)
class GroupSize:
    """How much a routing group holds."""

    parameters: int
    elements: int
    frozen: bool


@dataclass(frozen=True)
class CheckGradsResult:
    """The audit of real training steps, with what it was made on."""

    name: str
    engine: str
    data: str
    groups: Mapping[str, GroupSize]
    losses: Mapping[str, float]
    audit: Audit

    @property
    def passed(self) -> bool:
        """Whether nothing leaks, and nothing is dead, starved or not finite."""
        return self.audit.verdict == "pass"

    def to_dict(self) -> object:
        """Ready for JSON. Norms that are not finite become null, beside the verdict that says so."""
        audit = self.audit
        return finite(
            {
                "verdict": audit.verdict,
                "name": self.name,
                "engine": self.engine,
                "data": self.data,
                "steps": audit.steps,
                "groups": {name: asdict(size) for name, size in self.groups.items()},
                "matrix": [asdict(cell) for cell in audit.cells],
                "modules": [
                    {"module": m.module, "group": m.group, "norms": dict(m.norms), "total": m.total}
                    for m in audit.modules
                ],
                "reference": {
                    "engine": audit.reference,
                    "max_abs_difference": audit.reference_difference,
                    "max_relative_difference_to_sum": audit.sum_difference,
                },
                "passes": audit.passes,
                "cost": None
                if audit.cost is None
                else {
                    "engine_seconds": audit.cost.engine_seconds,
                    "joint_seconds": audit.cost.joint_seconds,
                    "ratio": audit.cost.ratio,
                },
                "conflicts": [
                    {"group": c.group, "losses": list(c.losses), "cosine": c.cosine} for c in audit.conflicts
                ],
                "problems": list(audit.problems),
            }
        )


def check_grads(
    loaded: LoadedSpec, run: RunFolder | None = None, *, synthetic: bool = False, steps: int = 1
) -> CheckGradsResult:
    """Audit the first `steps` batches of the spec's training, or made-up numbers of the same shape."""
    return audit_experiment(assemble(loaded, run), synthetic=synthetic, steps=steps)


def audit_experiment(
    experiment: Experiment, *, synthetic: bool = False, steps: int = 1, world: World = ALONE
) -> CheckGradsResult:
    """Audit a copy of the experiment's module, which itself stays untouched, in this process of `world` alone."""
    module = copy.deepcopy(experiment.module)
    spec = experiment.loaded.spec
    loaders = synthetic_loaders(experiment, steps) if synthetic else experiment.loaders
    audit = probe_training_step(module, loaders, spec.trainer, steps, world)
    return result_of(spec.name, spec.routing.engine, "synthetic" if synthetic else "train", module.router.plan, audit)


def result_of(name: str, engine: str, data: str, plan: Plan, audit: Audit) -> CheckGradsResult:
    """The audit with the sizes and weights of its plan."""
    return CheckGradsResult(
        name=name,
        engine=engine,
        data=data,
        groups={g.name: GroupSize(len(g.parameters), g.elements, g.frozen) for g in plan.groups},
        losses={name: route.weight for name, route in plan.routes.items()},
        audit=audit,
    )

"""What the spec can say and stq can't do: refused by name rather than done differently."""

from stq.errors import Problem, SpecError
from stq.spec import LoadedSpec
from stq.training import devices_of, devices_there


def refuse_not_yet(loaded: LoadedSpec) -> None:
    """Raises SpecError, located, for every such wish at once."""
    spec = loaded.spec
    problems: list[Problem] = []
    wanted, there = devices_of(spec.trainer), devices_there(spec.trainer.accelerator)
    if there is not None and wanted > there:
        message = f"{wanted} devices are asked for, and stq finds {there} to compute on"
        problems.append(loaded.problem(("trainer", "devices"), message, f"set devices: {there}, or accelerator: cpu"))
    elif wanted * spec.trainer.num_nodes > 1 and spec.routing.engine == "save-restore":
        message = f"save-restore works in one process, and devices: {spec.trainer.devices} means {wanted}"
        problems.append(loaded.problem(("routing", "engine"), message, "set engine: pruned, the same gradients"))
    if spec.calibration is not None and set(spec.calibration.by) != {"horizon", "variable"}:
        message = "calibration is by horizon and variable; pooling over either is not supported yet"
        problems.append(loaded.problem(("calibration", "by"), message, "set by: [horizon, variable]"))
    if problems:
        raise SpecError(problems)

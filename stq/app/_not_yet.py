"""What the spec can say and stq can't do: refused by name rather than done differently."""

from stq.errors import Problem, SpecError
from stq.spec import LoadedSpec


def refuse_not_yet(loaded: LoadedSpec) -> None:
    """Raises SpecError, located, for every such wish at once."""
    spec = loaded.spec
    problems: list[Problem] = []
    if spec.calibration is not None and set(spec.calibration.by) != {"horizon", "variable"}:
        message = "calibration is by horizon and variable; pooling over either is not supported yet"
        problems.append(loaded.problem(("calibration", "by"), message, "set by: [horizon, variable]"))
    if problems:
        raise SpecError(problems)

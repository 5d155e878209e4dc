"""A spec to begin with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stq import files
from stq.app._inspect_data import inspect_data
from stq.app._schema import modeline, schema
from stq.errors import DataError, StqError, UsageError
from stq.spec import DataSpec, Spec, commented_spec, parse_spec

LEAST_STEPS = 10
"""With fewer, a tenth of the series is no step."""


@dataclass(frozen=True)
class InitResult:
    """The file that was written, and what a person should know of it."""

    spec: Path
    schema: Path
    targets: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "spec": str(self.spec),
            "schema": str(self.schema),
            "targets": list(self.targets),
            "notes": list(self.notes),
        }


def init_spec(source: Sequence[str], output: Path) -> InitResult:
    """Write a commented spec that forecasts the first variable of the files from all others; every key is in it.

    Its JSON Schema is written beside it, and its first line tells editors so. Without files, it names some that are not
    there. Raises UsageError where `output` exists, DataError where the files hold nothing that can be forecast.
    """
    if output.exists() or output.is_symlink():
        raise UsageError(f"{output} is there already; give another name with --output")
    data, notes = _data(source, output)
    begun = parse_spec("data: {source: '-', targets: ['-']}\nlosses: [mse, pinball]").spec
    written = {**begun.data.model_dump(exclude_unset=True), **data}
    spec = begun.model_copy(update={"name": _name(output), "data": DataSpec.model_validate(written)})
    text = commented_spec(Spec.model_validate(spec))
    beside = output.with_suffix(".schema.json")
    there = beside.exists()
    described = schema(output=beside)
    try:
        files.write(output, modeline(beside) + text, new=True)
    except StqError:
        if not there:
            files.discard(beside)
        raise
    return InitResult(output, beside, spec.data.targets, (*notes, *described.notes))


def _name(output: Path) -> str:
    return parse_spec("data: {source: '-', targets: ['-']}\nlosses: [mse]", path=output).spec.name


def _data(source: Sequence[str], output: Path) -> tuple[dict[str, object], tuple[str, ...]]:
    if not source:
        note = "no data was given: set data.source and data.targets"
        return {"source": "data/*.nc", "targets": ["name-of-a-variable"]}, (note,)
    result = inspect_data(source)
    found, time = result.inspection, result.inspection.time
    steps = time.count if time is not None else found.dims.get(found.axes.get("time", ""), 0) * found.files
    if not found.moving:
        problems = "; ".join(f"{each.name} {each.problem}" for each in found.variables if each.problem)
        raise DataError(f"{found.path}: holds no variable that changes in time{': ' + problems if problems else ''}")
    if time is not None and time.problem:
        raise DataError(f"{found.path}: {time.problem}")
    if steps < LEAST_STEPS:
        raise DataError(f"{found.path}: holds {steps} steps in time, too few to split; expected {LEAST_STEPS} or more")
    folder = output.absolute().parent
    places = [
        entry if "://" in entry else os.path.relpath(Path(entry).expanduser().absolute(), folder) for entry in source
    ]
    ahead = min(4, steps // 10)
    data = {
        **result.data,
        "source": places,
        "horizons": list(range(1, ahead + 1)),
        "history": min(4, steps // 2 - ahead),
    }
    return data, result.notes

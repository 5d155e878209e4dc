"""What is about to be trained, as the live objects have it: the settings asked for are not always those in effect."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from stq.report._numbers import count, significant
from stq.report._table import pairs

if TYPE_CHECKING:
    from stq.app import CheckResult, InitialWeights, Ready


def training_plan(ready: "Ready") -> Table:
    """The essentials before the first step."""
    run = "dry run, nothing is written" if ready.run is None else place(ready.run)
    return pairs([("run", run), *plan_rows(ready.summary), ("gradients", ready.audit.audit.verdict)])


def plan_rows(summary: "CheckResult") -> list[tuple[str, str]]:
    """Data, windows, losses and routing of an experiment, one line each, and a line for every note."""
    variables = ", ".join(f"{v} [{u}]" if u else v for v, u in zip(summary.variables, summary.units, strict=True))
    rows, columns = summary.size
    passes = "1 backward pass" if summary.passes == 1 else f"{summary.passes} backward passes"
    horizons = ", ".join(map(str, summary.horizons))
    return [
        ("forecast", f"{variables}; horizons {horizons}"),
        ("inputs", f"{len(summary.channels)} channels of {rows} x {columns}: {', '.join(summary.channels)}"),
        ("windows", ", ".join(f"{name} {count(number)}" for name, number in summary.windows.items())),
        ("losses", ", ".join(f"{row.name} x {significant(row.weight)}" for row in summary.losses)),
        ("groups", ", ".join(f"{name} {count(elements)}" for name, elements in summary.elements.items())),
        ("engine", f"{summary.engine}, {passes}"),
        *initial_rows(summary.initial),
        *(("note", note) for note in summary.notes),
    ]


def initial_rows(initial: "InitialWeights | None") -> list[tuple[str, str]]:
    """Which parts of the network came from another run, and which did not."""
    if initial is None:
        return []
    rows = [("weights from", place(Path(initial.run))), ("", f"taken over: {', '.join(initial.loaded)}")]
    if initial.fresh:
        rows.append(("", f"start anew: {', '.join(initial.fresh)}"))
    if initial.unused:
        rows.append(("", f"left out: {', '.join(initial.unused)}"))
    return rows


def place(path: Path) -> str:
    """A path as a person would type it: relative where it lies below the working directory."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) and absolute != here else str(path)

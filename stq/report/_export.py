"""What `stq export` says."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._numbers import significant
from stq.report._table import pairs

if TYPE_CHECKING:
    from stq.app import ExportResult


def export_summary(result: "ExportResult") -> Group:
    """The files, how they were checked, and what goes in and comes out."""
    rows: list[tuple[str, str | Text]] = []
    for path, difference in zip(result.networks, result.differences, strict=True):
        if difference is None:
            checked = "not run here"
        elif path.suffix == ".safetensors":
            checked = "read back, the same bits"
        else:
            checked = f"read back and run: differs by at most {significant(difference)} in units"
        rows.append(("wrote", f"{path}, {checked}"))
    rows += [("beside", str(path)) for path in result.files]
    rows += [("takes", ", ".join(result.inputs)), ("gives", ", ".join(result.outputs))]
    if "quantiles" in result.outputs:
        rows.append(("quantiles", "calibrated" if result.calibrated else "as the network gives them, not calibrated"))
    return Group(pairs(rows), *(Text(f"note: {note}") for note in result.notes))

"""What `stq predict` says."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._table import pairs

if TYPE_CHECKING:
    from stq.app import PredictResult


def prediction_summary(result: "PredictResult") -> Group:
    """What was written, and where."""
    rows, columns = result.size
    first, last = result.init_times[0], result.init_times[-1]
    count = len(result.init_times)
    figures: list[tuple[str, str | Text]] = [
        ("wrote", f"{result.path}, {result.nbytes / 1e6:,.1f} MB"),
        ("variables", ", ".join(result.variables)),
        ("from", first if count == 1 else f"{count} dates, {first} to {last}"),
        ("steps ahead", ", ".join(map(str, result.horizons))),
        ("field", f"{rows} x {columns}" + ("" if result.tile is None else f", in tiles of {result.tile[0]} cells")),
    ]
    if result.seams is not None:
        figures.append(("seams", seams_in_words(result.seams)))
    if result.levels:
        kind = "calibrated" if result.calibrated else "as the network gives them, not calibrated"
        figures.append(("quantiles", f"{', '.join(f'{level:g}' for level in result.levels)}, {kind}"))
    return Group(pairs(figures), *(Text(f"note: {note}") for note in result.notes))


def seams_in_words(seams: Mapping[str, float | None]) -> str:
    """How forecasts go from tile to tile, by variable."""
    ratios = ", ".join(f"{name} {'unknown' if ratio is None else f'{ratio:.3f}'}" for name, ratio in seams.items())
    return f"{ratios}: steps from tile to tile over those beside them; 1 shows none"

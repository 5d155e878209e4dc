"""What `stq calibrate` says."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._numbers import ABSENT, aligned, count, percent
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import CalibrateResult
    from stq.app._corrections import CorrectionRow


def calibration_tables(result: "CalibrateResult") -> Group:
    """Frames, correction and the range of coverage to expect: every band of all targets, the widest of each group."""
    parts: list[RenderableType] = []
    by_group = [(group, list(rows)) for group, rows in groupby(result.corrections, key=lambda row: row.group)]
    for group, rows in by_group:
        widest = max((row.claimed for row in rows), default=0.0)
        shown = rows if group is None else [row for row in rows if row.claimed == widest]
        if group is not None and not any(row.frames for row in rows):
            continue  # a note names it
        title = group or ("Corrections" if len(by_group) == 1 else "All together")
        parts.append(titled(title, table(shown, result)))
    windows = "1 window" if result.windows == 1 else f"{result.windows} windows"
    by = f"by {', '.join(result.by)}" if result.by else "everything pooled"
    parts.append(Text(f"Calibrated on {result.fitted_on}, {windows}; {by}; {result.scores} scores."))
    parts.append(
        Text(
            "Expected is where the coverage of frames like these lies 19 times in 20, were each frame covered whole or "
            "not at all. * marks fewer frames than the band asks for."
        )
    )
    parts.append(Text(f"Wrote {result.path}" + ("" if result.former is None else f"; the former is {result.former}")))
    return Group(*parts, *(Text(f"Note: {note}.") for note in result.notes))


def table(rows: "list[CorrectionRow]", result: "CalibrateResult") -> RenderableType:
    """A row for each variable, horizon and band."""
    unit = "outward,\nwidths>" if result.scores == "multiplicative" else "outward,\nunits>"
    found = new_table("variable, units", "horizon>", "levels>", "frames>", "cells>", unit, "expected>")
    for _, same in groupby(rows, key=lambda row: row.variable):
        alike = list(same)
        for row, outward in zip(alike, aligned([row.outward for row in alike]), strict=True):
            levels = " to ".join(f"{level:g}" for level in (row.lower, row.upper) if level is not None)
            expected = ABSENT if row.low is None or row.high is None else f"{100 * row.low:.0f}-{percent(row.high)}"
            frames = count(row.frames) + ("" if row.enough else "*")
            name = f"{row.variable}, {row.units}" if row.units else row.variable
            add_row(found, name, str(row.horizon), levels, frames, count(row.cells), outward, expected)
        found.add_section()
    return found

"""Maps of chosen forecasts: numbers in sixteen bits for the page's script, and what the page says of them."""

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from stq.report._numbers import ABSENT, aligned
from stq.report.html._parts import MapPanel, Section, Table
from stq.report.html._scores import listed
from stq.report.html._style import CIVIDIS, DIVERGING, label

if TYPE_CHECKING:
    from stq.app import MapCase, MapFrame, ReportData, VariableMaps

TITLE = "Maps"
MISSING = 65535
"""The code of a masked cell; the others are steps from the least value to the greatest."""
TAIL = 0.005
"""The share of cells at either end whose values lie beyond the colour bar."""

Range = tuple[float, float]


def maps(report: "ReportData") -> Section:
    """Truth, forecast, width of the band and error of the worst, the median and the best forecast."""
    shown = report.maps
    variables = [found for found in shown.variables if found.cases]
    if not variables:
        return Section("maps", TITLE, prose=("No forecast of this split has a valid cell to show.",))
    prose = [
        f"For each variable the forecasts of {report.split} with the largest, the median and the least RMSE over all "
        "valid cells of all horizons. Colours keep their meaning over all cases and horizons of a variable; one cell "
        "in a hundred lies beyond the ends of the bar. Masked cells are grey. Error is forecast minus truth."
    ]
    if shown.axes.block > 1:
        rows, columns = shown.axes.full_size
        prose.append(
            f"Drawn in blocks of {shown.axes.block} x {shown.axes.block} cells of the {rows} x {columns} field, as "
            "their means; all scores are of the full field."
        )
    if shown.left_out:
        prose.append(f"Horizons {listed(shown.left_out)} are left out here.")
    if report.band is None:
        prose.append("The run has no band, and so no map of its width.")
    elif not report.evaluation["calibrated"]:
        prose.append("The band is as the network gives it: the run has no calibration.")
    return Section("maps", TITLE, prose=tuple(prose), maps=panel(report, variables))


def panel(report: "ReportData", variables: "list[VariableMaps]") -> MapPanel:
    """What the page's script draws from."""
    axes = report.maps.axes
    band = "" if report.band is None else f"{100 * (report.band[1] - report.band[0]):.3g} % band"
    content = {
        "x": [round(float(value), 4) for value in axes.x],
        "y": [round(float(value), 4) for value in axes.y],
        "xTitle": "longitude, degrees east" if axes.geographic else "column",
        "yTitle": "latitude, degrees north" if axes.geographic else "row",
        "rowsDown": not axes.geographic,
        "missing": MISSING,
        "band": band,
        "sequential": [[place / (len(CIVIDIS) - 1), colour] for place, colour in enumerate(CIVIDIS)],
        "diverging": [list(stop) for stop in DIVERGING],
        "variables": [variable_content(found) for found in variables],
    }
    return MapPanel(content, report.band is not None, map_table(variables))


def variable_content(found: "VariableMaps") -> dict[str, Any]:
    """The cases of one variable, and the ranges that its colours span."""
    frames = [frame for case in found.cases for frame in case.frames]
    ranges = {
        "truth": spread([frame.truth for frame in frames]),
        "forecast": spread([frame.forecast for frame in frames]),
        "width": spread([frame.width for frame in frames if frame.width is not None]),
        "error": spread([frame.error for frame in frames]),
    }
    return {
        "name": found.variable,
        "label": label(found.variable, found.units),
        "units": found.units,
        "ranges": {name: list(pair) for name, pair in ranges.items()},
        "colours": {name: list(pair) for name, pair in colours(frames).items()},
        "cases": [case_content(case, found.units, ranges) for case in found.cases],
    }


def colours(frames: "list[MapFrame]") -> dict[str, Range]:
    """What the ends of the colour bars stand for: nearly the whole range, lest a few cells take all the colours."""
    field = spread([frame.truth for frame in frames] + [frame.forecast for frame in frames], TAIL)
    most = max(map(abs, spread([frame.error for frame in frames], TAIL)))
    width = spread([frame.width for frame in frames if frame.width is not None], TAIL)
    return {"truth": field, "forecast": field, "width": width, "error": (-most, most)}


def case_content(case: "MapCase", units: str, ranges: dict[str, Range]) -> dict[str, Any]:
    """One forecast, a frame a horizon."""
    (rmse,) = aligned([case.rmse])
    return {
        "label": f"{case.kind}: issued {case.issued}, RMSE {with_units(rmse, units)}",
        "frames": [frame_content(frame, case, units, ranges) for frame in case.frames],
    }


def frame_content(frame: "MapFrame", case: "MapCase", units: str, ranges: dict[str, Range]) -> dict[str, Any]:
    """The coded maps of one horizon."""
    (rmse,) = aligned([frame.rmse])
    said = "no valid cell" if frame.rmse is None else f"RMSE {with_units(rmse, units)}"
    fields = {"truth": frame.truth, "forecast": frame.forecast, "width": frame.width, "error": frame.error}
    return {
        "horizon": frame.horizon,
        "caption": f"{case.kind} case, issued {case.issued}, valid {frame.valid} (horizon {frame.horizon}): {said}",
    } | {name: coded(values, ranges[name]) for name, values in fields.items() if values is not None}


def coded(values: Float32[np.ndarray, "Y X"], span: Range) -> str:
    """Row by row, 16 bits a cell, little end first, base 64."""
    low, high = span
    steps = (np.nan_to_num(values, nan=low).astype(np.float64) - low) / ((high - low) or 1.0) * (MISSING - 1)
    codes = np.where(np.isfinite(values), np.clip(np.rint(steps), 0, MISSING - 1), MISSING)
    return base64.b64encode(codes.astype("<u2").tobytes()).decode()


def spread(fields: list[Float32[np.ndarray, "Y X"]], tail: float = 0.0) -> Range:
    """The least and the greatest value known of all fields, but for a share at either end; 0 and 1 where none is."""
    known = np.concatenate([np.zeros(0), *(values[np.isfinite(values)] for values in fields)])
    if not known.size:
        return 0.0, 1.0
    low, high = (float(bound) for bound in np.quantile(known, [tail, 1 - tail]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def map_table(variables: "list[VariableMaps]") -> Table:
    """The figures of every map that can be chosen."""
    rows = []
    for found in variables:
        for case in found.cases:
            errors = aligned([frame.rmse for frame in case.frames])
            widths = aligned([mean(frame.width) for frame in case.frames])
            for frame, rmse, width in zip(case.frames, errors, widths, strict=True):
                name = label(found.variable, found.units)
                rows.append((name, case.kind, case.issued, str(frame.horizon), frame.valid, rmse, width))
    return Table(("variable", "case", "issued", "horizon", "valid", "RMSE", "mean width"), tuple(rows))


def mean(values: Float32[np.ndarray, "Y X"] | None) -> float | None:
    """Over the known cells of a map."""
    return None if values is None or not np.isfinite(values).any() else float(np.nanmean(values))


def with_units(text: str, units: str) -> str:
    """A number with its units, where it is one."""
    return f"{text} {units}" if units and text != ABSENT else text

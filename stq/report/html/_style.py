"""Colours and axes that all charts share. Colours: Okabe and Ito (2008) and cividis, told apart by any eye."""

from collections.abc import Sequence
from typing import Any

from stq.report.html._parts import Figure

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
GREY = "#767676"
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")

CIVIDIS = ("#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838")
_ORDERED = ("#00224E", "#35456C", "#666970", "#948E77", "#B5A400")  # without the end that is too pale for a line
DIVERGING = ((0.0, BLUE), (0.5, "#F7F7F7"), (1.0, VERMILION))


def nth(index: int) -> dict[str, Any]:
    """Line and marker of the n-th of several things without an order."""
    return {
        "line": {"color": CYCLE[index % len(CYCLE)], "width": 2},
        "marker": {"color": CYCLE[index % len(CYCLE)], "symbol": MARKERS[index % len(MARKERS)], "size": 8},
    }


def ordered(index: int, count: int) -> dict[str, Any]:
    """Line and marker of the n-th of `count` things in an order, such as horizons: from dark to light."""
    at = 0 if count < 2 else round(index * (len(_ORDERED) - 1) / (count - 1))
    return {
        "line": {"color": _ORDERED[at], "width": 2},
        "marker": {"color": _ORDERED[at], "symbol": MARKERS[index % len(MARKERS)], "size": 7},
    }


def axis(title: str, **settings: Any) -> dict[str, Any]:
    """A labelled axis."""
    look = {"title": {"text": title, "standoff": 8}, "automargin": True, "linecolor": "#444", "gridcolor": "#e4e4e4"}
    return look | {"zeroline": False, "ticks": "outside", "tickcolor": "#444"} | settings


def horizon_axis(horizons: Sequence[int]) -> dict[str, Any]:
    """The horizon in steps, a tick at each unless they are many."""
    few = {"tickvals": list(horizons)} if len(horizons) <= 16 else {}
    margin = max(0.3, 0.05 * (horizons[-1] - horizons[0]))
    return axis("horizon, steps ahead", range=[horizons[0] - margin, horizons[-1] + margin], **few)


def figure(traces: Sequence[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], **layout: Any) -> Figure:
    """Traces on labelled axes; the legend above, where there are several."""
    return {"data": list(traces), "layout": {"xaxis": x, "yaxis": y, "showlegend": len(traces) > 1} | layout}


def span_of(values: Sequence[float | None], *also: float) -> list[float]:
    """A range that holds all values, and others, with a margin."""
    known = [value for value in values if value is not None] + list(also)
    low, high = min(known), max(known)
    margin = 0.08 * (high - low) or 0.1
    return [low - margin, high + margin]


def level_line(at: float, *, axis_name: str = "y", colour: str = GREY) -> dict[str, Any]:
    """A dashed line across the chart at one value of an axis."""
    other = "x" if axis_name == "y" else "y"
    return {
        "type": "line",
        "layer": "below",
        f"{axis_name}0": at,
        f"{axis_name}1": at,
        f"{other}ref": "paper",
        f"{other}0": 0,
        f"{other}1": 1,
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
    }


def label(variable: str, units: str) -> str:
    """The variable with its units."""
    return f"{variable}, {units}" if units else variable


def hover(text: str) -> str:
    """A hover text without plotly's box for the trace's name."""
    return text + "<extra></extra>"

"""What `stq data pack` and `stq data verify` say of a store."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from stq.report._table import pairs

if TYPE_CHECKING:
    from stq.app import StoreResult, VerifiedForecast


def verified_summary(result: "VerifiedForecast") -> Group:
    """Forecasts that are as they were written."""
    size = f"{result.nbytes / 1e6:,.1f} MB"
    return Group(pairs([("forecast", str(result.path)), ("size", size), ("verified", "every byte")]))


def store_summary(result: "StoreResult") -> Group:
    """The store in figures, and how to use it."""
    rows, columns = result.size
    figures = [("variables", ", ".join(result.variables))]
    if result.maps:
        figures.append(("maps", ", ".join(result.maps)))
    figures += [
        ("frames", f"{result.frames} of {rows} x {columns}"),
        ("size", f"{result.nbytes / 1e6:,.1f} MB"),
        ("verified", "every frame" if result.verified else "header, index and file sizes"),
    ]
    return Group(pairs(figures), Text(""), Text(f"read it with data.source: {result.store}"))

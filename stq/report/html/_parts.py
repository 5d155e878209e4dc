"""What a page is made of. Charts carry the table behind them: nothing is said by picture alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Figure = dict[str, Any]
"""`data` and `layout` as plotly.js takes them; a line break in a text is a newline."""


@dataclass(frozen=True)
class Table:
    """Cells as text; numbers are set to the right from the second column on."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """`alt` says in a sentence what is to be seen; `height` in pixels."""

    title: str
    alt: str
    figure: Figure
    table: Table
    height: int = 320
    wide: bool = False


@dataclass(frozen=True)
class Finding:
    """One line of the verdict. The word says what the colour says."""

    kind: Literal["good", "bad", "unsure", "plain"]
    word: str
    text: str


@dataclass(frozen=True)
class Listing:
    """Text to be read as it stands; folded away unless `open`."""

    title: str
    text: str
    open: bool = False


@dataclass(frozen=True)
class MapPanel:
    """The maps: what the script draws from, and the table behind them."""

    content: Mapping[str, Any]
    banded: bool
    table: Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, in this order."""

    id: str
    title: str
    findings: tuple[Finding, ...] = ()
    prose: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    maps: MapPanel | None = None
    tables: tuple[tuple[str, Table], ...] = ()
    listings: tuple[Listing, ...] = ()
    notes: tuple[str, ...] = ()

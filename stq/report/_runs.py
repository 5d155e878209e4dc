"""The runs in a folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import RunCard


def run_table(cards: "Sequence[RunCard]") -> RenderableType:
    """One line a run: what it is, how far it came, and its best validation error."""
    if not cards:
        return Text("no runs")
    table = new_table("run", "seed>", "engine", "epochs>", "best>", "val_central>", "state")
    for card in cards:
        state = Text(f"damaged: {card.cause}", style="red") if card.cause else Text(card.status)
        add_row(
            table,
            str(card.run),
            "" if card.seed is None else str(card.seed),
            card.engine,
            str(card.epochs) if card.epochs else "",
            "" if card.best is None else str(card.best),
            "" if card.val_central is None else f"{card.val_central:.4g}",
            state,
        )
    return table

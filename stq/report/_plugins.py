"""The plugins that are installed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import PluginCard


def plugin_table(cards: "Sequence[PluginCard]", *, checked: bool) -> Table:
    """One line a plugin; `checked` tells that each was imported, so that those without a cause are known to work."""
    table = new_table("plugin", "distribution", "version", "module", *(["state"] if checked else []))
    for card in cards:
        state = [Text(f"broken: {card.cause}", style="red") if card.cause else Text("ok", style="green")]
        add_row(table, card.name, card.distribution, card.version, card.module, *(state if checked else []))
    return table

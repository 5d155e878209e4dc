"""The losses at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group

from stq.report._plugin_cards import in_spec, plugin_page, with_notes
from stq.report._table import add_row, new_table, pairs

if TYPE_CHECKING:
    from stq.app import LossCard


def loss_table(cards: "Sequence[LossCard]", left_out: Sequence[str] = ()) -> Group:
    """One line a loss, and why others that are installed are `left_out`."""
    table = new_table("loss", "may update", "from", "what it is")
    for card in cards:
        add_row(table, card.name, ", ".join(card.updates), card.distribution, card.summary)
    return with_notes(table, left_out)


def loss_page(card: "LossCard") -> Group:
    """Everything about one loss: its documentation, its tag, its options and how a spec names it."""
    needs = "the spec must have quantiles" if card.needs_quantiles else "nothing but the central forecast"
    facts = pairs(
        [
            ("may update", ", ".join(card.updates)),
            ("reduction", card.reduction),
            ("needs", needs),
            ("from", card.distribution),
            ("in a spec", spec_line(card)),
        ]
    )
    return plugin_page(card, facts)


def spec_line(card: "LossCard") -> str:
    """An item for the spec's list of losses, with every option at its default."""
    return f"- {{loss: {card.name}{in_spec(card.options)}}}" if card.options else f"- loss: {card.name}"

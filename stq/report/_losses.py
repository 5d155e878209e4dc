"""The losses at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stq.report._table import add_row, new_table, pairs

if TYPE_CHECKING:
    from stq.app import LossCard


def loss_table(cards: "Sequence[LossCard]") -> Table:
    """One line a loss."""
    table = new_table("loss", "may update", "from", "what it is")
    for card in cards:
        add_row(table, card.name, ", ".join(card.updates), card.distribution, card.summary)
    return table


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
    parts: list[RenderableType] = [Text(card.name, style="bold underline"), Text(card.text), Text(""), facts]
    if card.options:
        table = new_table("option", "type", "default", "what it is")
        for name, option in card.options.items():
            add_row(table, name, option.type, "required" if option.required else in_yaml(option.default), option.doc)
        parts += [Text(""), table]
    return Group(*parts)


def spec_line(card: "LossCard") -> str:
    """An item for the spec's list of losses, with every option at its default."""
    options = "".join(f", {n}: {'...' if o.required else in_yaml(o.default)}" for n, o in card.options.items())
    return f"- {{loss: {card.name}{options}}}" if options else f"- loss: {card.name}"


def in_yaml(value: object) -> str:
    """A plain value as a spec would say it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(in_yaml, value))}]"
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )

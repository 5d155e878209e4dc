"""The models at hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group

from stq.report._plugin_cards import in_spec, plugin_page, with_notes
from stq.report._table import add_row, new_table, pairs

if TYPE_CHECKING:
    from stq.app import ModelCard

EVERY_MODEL = "heads, residual, location and compile, as every model has them: see `stq init` or docs/spec.md"
UNKNOWN = "not known: it can't be built with its defaults"


def model_table(cards: "Sequence[ModelCard]", left_out: Sequence[str] = ()) -> Group:
    """One line a model, and why others that are installed are `left_out`."""
    table = new_table("model", "groups", "options", "from", "what it is")
    for card in cards:
        groups = "not known" if card.groups is None else ", ".join(card.groups)
        add_row(table, card.name, groups, ", ".join(card.options), card.distribution, card.summary)
    return with_notes(table, left_out)


def model_page(card: "ModelCard") -> Group:
    """Everything about one model: its documentation, its groups, its options and how a spec names it."""
    groups = {"groups": UNKNOWN} if card.groups is None else card.groups
    rows = [(name, found if isinstance(found, str) else ", ".join(found)) for name, found in groups.items()]
    facts = pairs(
        [
            *rows,
            ("compiles", {None: UNKNOWN, True: "yes", False: "no, it names no parts for it"}[card.compiles]),
            ("from", card.distribution),
            ("in a spec", f"model: {{name: {card.name}{in_spec(card.options)}}}"),
            ("and beside", EVERY_MODEL),
        ]
    )
    return plugin_page(card, facts)

"""What the lists and the pages of losses and of models have in common."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import LossCard, ModelCard
    from stq.options import OptionInfo


def with_notes(table: Table, left_out: Sequence[str]) -> Group:
    """A list, and below it why others that are installed are `left_out`."""
    return Group(table, *(Text(f"note: {cause}") for cause in left_out))


def plugin_page(card: "LossCard | ModelCard", facts: RenderableType) -> Group:
    """Everything about one: its documentation, the facts of its kind, and its options."""
    parts: list[RenderableType] = [Text(card.name, style="bold underline"), Text(card.text), Text(""), facts]
    if card.options:
        parts += [Text(""), option_table(card.options)]
    return Group(*parts)


def option_table(options: "Mapping[str, OptionInfo]") -> Table:
    """One line an option."""
    table = new_table("option", "type", "default", "what it is")
    for name, option in options.items():
        add_row(table, name, option.type, "required" if option.required else in_yaml(option.default), option.doc)
    return table


def in_spec(options: "Mapping[str, OptionInfo]") -> str:
    """What stands beside the plugin's name in a spec, with every option at its default."""
    return "".join(f", {n}: {'...' if o.required else in_yaml(o.default)}" for n, o in options.items())


def in_yaml(value: object) -> str:
    """A plain value as a spec would say it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(in_yaml, value))}]"
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )

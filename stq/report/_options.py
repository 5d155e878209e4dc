"""The options of a plugin."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.options import OptionInfo


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

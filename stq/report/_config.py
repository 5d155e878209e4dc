"""The values of a spec, and how two specs differ."""

import json
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from stq.report._table import add_row, new_table

if TYPE_CHECKING:
    from stq.app import ConfigDifference, ConfigResult
    from stq.spec import Setting


def config_table(result: "ConfigResult", *, set_only: bool) -> RenderableType:
    """One line a value; defaults are dim, or left out."""
    table = new_table("key", "value", "from")
    for setting in result.settings:
        default = setting.origin == "default"
        if default and set_only:
            continue
        style = "dim" if default else ""
        add_row(table, *(Text(text, style=style) for text in (setting.key, value_text(setting), setting.origin)))
    return table


def difference_table(result: "ConfigDifference") -> RenderableType:
    """One line a key."""
    if not result.differences:
        return Text("no difference")
    table = new_table("key", str(result.one), str(result.other))
    for row in result.differences:
        add_row(table, row.key, value_text(row.one), value_text(row.other))
    return table


def value_text(setting: "Setting | None") -> str:
    """The value as a spec would have it."""
    if setting is None:
        return "(no such key)"
    return setting.value if isinstance(setting.value, str) else json.dumps(setting.value, ensure_ascii=False)

"""What the items of a list have in common that each name a plugin: its options beside it, and a name of their own."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from pydantic import model_validator

from stq.spec._option import with_options
from stq.spec._section import Mistake, Section, refuse
from stq.spec._types import NAME


class PluginItem(Section):
    """An item such as {loss: huber, delta: 2}: just a name means that plugin with its defaults, and every key that is
    no field is an option of the plugin and is gathered in `options`.
    """

    kind: ClassVar[str]
    """The key that names the plugin: loss, metric."""

    if TYPE_CHECKING:  # each kind of item says it in its own words and at its own place
        name: str

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, value: object) -> object:
        if isinstance(value, str):
            value = {cls.kind: value}
        if not isinstance(value, Mapping):
            return value
        plugin = value.get(cls.kind)
        # any name where the plugin's own is wrong and is reported itself
        name = plugin if isinstance(plugin, str) and re.fullmatch(NAME, plugin) else cls.kind
        return {"name": name, **with_options(value, cls.model_fields)}


Item = TypeVar("Item", bound=PluginItem)


def names_differ(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Refuse items that are called the same, each at its own place."""
    above: set[str] = set()
    mistakes = []
    for index, item in enumerate(items):
        if item.name in above:
            key = item.kind if item.name == getattr(item, item.kind) else "name"
            message = f'a {item.kind} named "{item.name}" stands above already'
            mistakes.append(Mistake(message, (index, key), "give one of them another `name`"))
        above.add(item.name)
    if mistakes:
        refuse(*mistakes)
    return items

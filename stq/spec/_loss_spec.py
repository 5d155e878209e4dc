"""One loss: a plugin's name, what is said of every loss, and the plugin's own options."""

from typing import Annotated

from pydantic import Discriminator, Tag

from stq.spec._frozen_dict import FrozenDict
from stq.spec._option import Options
from stq.spec._plugin_item import PluginItem
from stq.spec._types import MappingOf, Name, NotNegative, SetOf, expect


def _kind(value: object) -> str:
    """Which of the ways of giving `updates` was meant."""
    if value is None:
        return "<null>"
    return "<factors>" if isinstance(value, dict) else "<groups>"


_NotListed = expect("a list of groups, a mapping from group to factor, or null")
Factors = Annotated[MappingOf[NotNegative], Tag("<factors>")]
Groups = Annotated[SetOf[Name], Tag("<groups>")]
Updates = Annotated[Factors | Groups | Annotated[None, Tag("<null>")], Discriminator(_kind)]


class LossSpec(PluginItem):
    """A loss and how it is used. Just a name in the spec means that loss with its defaults.

    Every further key beside `loss` is an option of the plugin and is gathered in `options`.
    """

    kind = "loss"

    loss: Name
    """The plugin's name (see `stq losses`). Required."""
    name: Name = ""
    """What the loss is called in tables and in `--set`, unique in the spec; default the plugin's name."""
    weight: NotNegative = 1.0
    """Factor of the loss; default 1; 0 switches it off."""
    updates: Updates = None
    """Groups that the loss may move: a list, or a mapping from group to a factor (1 full, 0 blocked); default null,
    the plugin's own."""
    options: Options = FrozenDict()
    """Options of the plugin, written beside `loss`; default the plugin's own."""

"""One loss: a plugin's name, what is said of every loss, and the plugin's own options."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Tag, model_validator

from stq.spec._frozen_dict import FrozenDict
from stq.spec._option import Option, as_option
from stq.spec._section import Section
from stq.spec._types import NAME, MappingOf, Name, NotNegative, SetOf, expect


def _kind(value: object) -> str:
    """Which of the ways of giving `updates` was meant."""
    if value is None:
        return "<null>"
    return "<factors>" if isinstance(value, dict) else "<groups>"


Options = MappingOf[Annotated[Option, BeforeValidator(as_option)]]

_NotListed = expect("a list of groups, a mapping from group to factor, or null")
Factors = Annotated[MappingOf[NotNegative], Tag("<factors>")]
Groups = Annotated[SetOf[Name], Tag("<groups>")]
Updates = Annotated[Factors | Groups | Annotated[None, Tag("<null>")], Discriminator(_kind)]


def _name_from(loss: object) -> str:
    """The name that a loss has unless given one; any, where the plugin's own is wrong and is reported itself."""
    return loss if isinstance(loss, str) and re.fullmatch(NAME, loss) else "loss"


class LossSpec(Section):
    """A loss and how it is used. Just a name in the spec means that loss with its defaults.

    Every further key beside `loss` is an option of the plugin and is gathered in `options`.
    """

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

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, value: object) -> object:
        if isinstance(value, str):
            value = {"loss": value}
        if not isinstance(value, Mapping):
            return value
        item = {key: entry for key, entry in value.items() if key in cls.model_fields}
        options = {key: entry for key, entry in value.items() if key not in cls.model_fields}
        if options:
            given = item.get("options", {})
            item["options"] = {**given, **options} if isinstance(given, Mapping) else options
        return {"name": _name_from(item.get("loss")), **item}

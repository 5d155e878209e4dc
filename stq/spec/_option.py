"""The options of a plugin as a spec may give them."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from stq.spec._section import Mistake, found
from stq.spec._types import MappingOf

Option = object
"""A scalar, or a tuple of options; what it should be is the plugin's to say."""


def as_option(value: object) -> object:
    """The value with lists made tuples; a mapping is refused."""
    if isinstance(value, list | tuple):
        return tuple(as_option(item) for item in value)
    if isinstance(value, None | bool | int | float | str):
        return value
    raise Mistake(f"expected a value or a list, found {found(value)}").as_error()


Options = MappingOf[Annotated[Option, BeforeValidator(as_option)]]


def with_options(section: Mapping[str, Any], own: Collection[str]) -> dict[str, Any]:
    """The section with every key that is not its `own` moved into its `options`."""
    kept = {key: entry for key, entry in section.items() if key in own}
    options = {key: entry for key, entry in section.items() if key not in own}
    if options:
        given = kept.get("options", {})
        kept["options"] = {**given, **options} if isinstance(given, Mapping) else options
    return kept

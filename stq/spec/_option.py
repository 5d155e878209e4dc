"""A value that a plugin's option may have."""

from stq.spec._section import Mistake, found

Option = object
"""A scalar, or a tuple of options; what it should be is the plugin's to say."""


def as_option(value: object) -> object:
    """The value with lists made tuples; a mapping is refused."""
    if isinstance(value, list | tuple):
        return tuple(as_option(item) for item in value)
    if isinstance(value, None | bool | int | float | str):
        return value
    raise Mistake(f"expected a value or a list, found {found(value)}").as_error()

"""Which files hold the data, and what their axes are called."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from stq.spec._section import TEXT, Mistake, Section, Surroundings, found
from stq.spec._types import AlsoWritten, File, Text, absolute, expect


class StaticSpec(Section):
    """A map that does not change in time. Just a name in the spec means a variable of the data itself."""

    short_form = TEXT

    variable: Text
    """Name of the variable."""
    file: File | None = None
    """File that holds it, on the data's grid; default null, the data itself."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"variable": value} if isinstance(value, str) else value


class DimsSpec(Section):
    """Names of the axes, where the file doesn't say which is which."""

    time: Text | None = None
    """Name of the time axis; default null, found from the file."""
    y: Text | None = None
    """Name of the axis of rows (latitude, northing); default null, found from the file."""
    x: Text | None = None
    """Name of the axis of columns (longitude, easting); default null, found from the file."""


def _as_tuple_of_sources(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise Mistake(
            f"expected a path, a pattern such as data/*.nc, or a list of them, found {found(value)}"
        ).as_error()
    return tuple(value)


def _absolute_source(value: object, around: Surroundings) -> object:
    return absolute(value, around) if isinstance(value, str) and value else value


Sources = Annotated[
    tuple[Annotated[Text, BeforeValidator(_absolute_source), expect("a path or a pattern such as data/*.nc")], ...],
    Field(min_length=1),
    BeforeValidator(_as_tuple_of_sources),
    AlsoWritten(**TEXT),
]

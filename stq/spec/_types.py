"""The kinds of value that a spec holds, each with the words that name it in an error."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ValidationError, core_schema

from stq.errors import did_you_mean
from stq.spec._frozen_dict import FrozenDict
from stq.spec._section import Mistake, Surroundings, found, refuse

T = TypeVar("T")


def expect(what: str) -> WrapValidator:
    """Whatever is wrong with the value is said as `expected <what>, found <value>`."""

    def check(value: object, inner: Callable[[object], object]) -> object:
        try:
            return inner(value)
        except ValidationError:
            raise Mistake(f"expected {what}, found {found(value)}").as_error() from None

    return WrapValidator(check)


class OneOf:
    """Marks a `Literal`: a wrong value is answered with the choices and the nearest of them."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = ["null" if choice is None else str(choice) for choice in get_args(source)]
        what = choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"

        def check(value: object, inner: Callable[[object], object]) -> object:
            try:
                return inner(value)
            except ValidationError:
                word = "none" if value is None else str(value)
                mistake = Mistake(f"expected {what}, found {found(value)}", hint=did_you_mean(word, choices))
                raise mistake.as_error() from None

        return core_schema.no_info_wrap_validator_function(check, handler(source))


class AlsoWritten:
    """Marks a type that may be written in a shorter way too: the JSON Schema of that way."""

    def __init__(self, **schema: object) -> None:
        self.schema = schema

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [self.schema, handler(core_schema)]}


class EachOnce:
    """Marks a list in which nothing stands twice, for the JSON Schema."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core_schema), "uniqueItems": True}


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _unique(values: tuple[T, ...]) -> tuple[T, ...]:
    first: dict[T, int] = {}
    repeated = [index for index, value in enumerate(values) if first.setdefault(value, index) != index]
    if repeated:
        refuse(*(Mistake(f"{found(values[index])} stands in the list twice", (index,)) for index in repeated))
    return values


def ascending(values: tuple[T, ...]) -> tuple[T, ...]:
    """Each number above the one before."""
    for index in range(1, len(values)):
        before, value = values[index - 1], values[index]
        if not before < value:  # type: ignore[operator]
            message = f"expected numbers in ascending order, each once, found {value} after {before}"
            refuse(Mistake(message, (index,)))
    return values


ListOf = Annotated[tuple[T, ...], BeforeValidator(as_tuple)]
SetOf = Annotated[tuple[T, ...], BeforeValidator(as_tuple), AfterValidator(_unique), EachOnce()]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), expect("a number above 0")]
Finite = Annotated[float, Field(allow_inf_nan=False), expect("a number")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), expect("a number of at least 0")]
Share = Annotated[float, Field(ge=0, lt=1), expect("a number of at least 0 and below 1")]
Inside01 = Annotated[float, Field(gt=0, lt=1), expect("a number between 0 and 1, both excluded")]
Count = Annotated[int, Field(ge=1), expect("a whole number of at least 1")]
CountOrNull = Annotated[int | None, Field(ge=1), expect("a whole number of at least 1, or null")]
WholeNumber = Annotated[int, Field(ge=0), expect("a whole number of at least 0")]
Flag = Annotated[bool, expect("true or false")]
Text = Annotated[str, Field(min_length=1), expect("a text")]
NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
Name = Annotated[
    str,
    Field(pattern=f"^{NAME}$"),
    expect("a name of letters, digits, _ and -"),
]
MappingOf = Annotated[dict[Name, T], AfterValidator(FrozenDict)]


def _file(value: object, around: Surroundings) -> object:
    """A path as written, or absolute against the folder of the spec that it was read from."""
    if not isinstance(value, str) or not value:
        return value
    return Path(absolute(value, around))


def absolute(path: str, around: Surroundings) -> str:
    """The path against the spec's folder; as it stands where there is no folder, or for an address (`s3://...`)."""
    folder = (around.context or {}).get("folder")
    if folder is None or re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", path):
        return path
    return os.path.normpath(os.path.join(folder, os.path.expanduser(path)))


File = Annotated[Path, BeforeValidator(_file), expect("a path")]

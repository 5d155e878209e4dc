"""What every section of the spec has in common: frozen, strict, closed, documented under each field."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NoReturn, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError

from stq.spec._field_docs import field_docs

MISTAKE = "stq"
"""Type of the pydantic errors whose text is ours already."""


class Section(BaseModel):
    """One mapping of the spec.

    Values are taken as they are written: a whole number may stand for a number, and nothing else is converted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    short_form: ClassVar[JsonSchemaValue] = {}
    """JSON Schema of what may be written in place of the mapping; empty for nothing."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        mapping = handler(core_schema)
        properties = handler.resolve_ref_schema(mapping)["properties"]
        for name, text in field_docs(cls).items():
            if name in properties:
                properties[name]["description"] = text
        return {"anyOf": [cls.short_form, mapping]} if cls.short_form else mapping


@runtime_checkable
class Surroundings(Protocol):
    """What pydantic tells a validator about where its value stands.

    Its own protocol says the same, and can't be checked at run time as annotations are in every test.
    """

    @property
    def context(self) -> Any:
        """What was given to the validation as a whole: the spec's `folder`."""

    @property
    def data(self) -> dict[str, Any]:
        """The section's earlier fields, those that are well-formed."""

    @property
    def field_name(self) -> str | None:
        """The field that the value is for."""


@dataclass(frozen=True)
class Mistake:
    """Something wrong below the value that is being checked: `path` leads to it from there."""

    message: str
    path: tuple[str | int, ...] = ()
    hint: str = ""
    on: Literal["key", "value"] = "value"
    part: tuple[int, int] | None = None
    """Offset and length of the word in the text that the value is; None for all of it."""

    def as_error(self) -> PydanticCustomError:
        """The same for pydantic."""
        context = {"message": self.message, "hint": self.hint, "on": self.on, "part": self.part}
        return PydanticCustomError(MISTAKE, "{message}", context)


TEXT: JsonSchemaValue = {"type": "string", "minLength": 1}


def refuse(*mistakes: Mistake) -> NoReturn:
    """Report the mistakes from inside a validator, each at its own place."""
    details = [InitErrorDetails(type=mistake.as_error(), loc=mistake.path, input=None) for mistake in mistakes]
    raise ValidationError.from_exception_data("spec", details)


def found(value: object) -> str:
    """The value as the user would recognise it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = str(value)
    text = text if len(text) <= 40 else text[:37] + "..."
    return f'"{text}"' if isinstance(value, str) else text

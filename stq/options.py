"""The options of a plugin in the spec are the keyword arguments of its constructor, checked by their types.

Losses and models share this: an author writes a constructor, and the spec's keys, their checks, their listing and the
errors follow from its signature.
"""

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic.fields import FieldInfo

from stq.errors import PluginError, Problem, SpecError, nearest


@dataclass(frozen=True)
class OptionInfo:
    """One option, for a person to read.

    `doc` is the description that an author may add to the type: `Annotated[int, Field(ge=1, description="...")]`.
    """

    type: str
    default: object
    required: bool
    doc: str


@dataclass(frozen=True)
class Options:
    """The options of one class; `title` is how an error calls it: `the loss huber`."""

    title: str
    arguments: Mapping[str, inspect.Parameter]
    reserved: Collection[str]

    def listed(self) -> dict[str, OptionInfo]:
        """What a spec may say, in the order of the constructor; `default` is None where one is `required`."""
        listed = {}
        for name, argument in self.arguments.items():
            required = argument.default is argument.empty
            notes = get_args(argument.annotation)[1:] if get_origin(argument.annotation) is Annotated else ()
            docs = [note.description for note in notes if isinstance(note, FieldInfo) and note.description]
            default = None if required else argument.default
            listed[name] = OptionInfo(_written(argument.annotation), default, required, " ".join(docs))
        return listed

    def schemas(self) -> dict[str, dict[str, object]]:
        """The JSON Schema of each option, with its default; one that says nothing for a type that JSON does not have.

        An option without a default is a required one.
        """
        return {name: _schema(argument) for name, argument in self.arguments.items()}

    def checked(self, given: Mapping[str, object]) -> dict[str, Any]:
        """What was given as the constructor's types want it (lists as tuples, say); defaults stay with the constructor.

        Names and types are checked strictly, as JSON would be (no "3" for 3). Raises SpecError with every problem, its
        path relative to the section that the options stand in.
        """
        fields: dict[str, Any] = {}
        for name, argument in self.arguments.items():
            default = ... if argument.default is argument.empty else argument.default
            fields[f"option_{name}"] = (argument.annotation, Field(default, alias=name))  # aliased: any name is allowed
        config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
        model: type[BaseModel] = create_model("Options", __config__=config, **fields)
        try:
            found = model.model_validate_json(json.dumps(dict(given)))
        except ValidationError as error:
            mistakes = error.errors(include_url=False, include_context=False)
            raise SpecError([self._problem(mistake) for mistake in mistakes]) from error
        return {name: getattr(found, f"option_{name}") for name in given}

    def _problem(self, mistake: Any) -> Problem:
        path = tuple(mistake["loc"])
        if mistake["type"] == "missing":
            return Problem((), f"{self.title} needs the option {path[0]!r}")
        if mistake["type"] == "extra_forbidden":
            message = f"{self.title} has no option {str(path[0])!r}"
            names = list(self.arguments)
            known = f"its options are {', '.join(names)}" if names else "it has no options"
            return Problem(path, message, hint=nearest(str(path[0]), [*names, *self.reserved], known), on="key")
        wrong = mistake["msg"].replace("Input should be", "should be")
        return Problem(path, f"{path[0]} {wrong}, found {mistake['input']!r}")


def options_of(cls: type, kind: str, reserved: Collection[str], *, skip: int = 0) -> Options:
    """The options of `cls`, a `kind` (a loss, a model): its constructor's arguments but `self` and the `skip` after it.

    Annotations are resolved, `Any` where there is none. Arguments that can't be options (`*args`, `**kwargs`, a key in
    `reserved`, which every item of the kind has in the spec) are a `PluginError`.
    """
    constructor: Callable[..., None] = cls.__init__  # type: ignore[misc]  # of a class, not of an instance
    try:
        hints = get_type_hints(constructor, include_extras=True)
    except Exception as error:
        raise PluginError(f"the types of the options of {cls.__name__} can't be resolved: {error}") from error
    arguments = list(inspect.signature(constructor).parameters.values())[1 + skip :]
    for argument in arguments:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD, argument.POSITIONAL_ONLY):
            raise PluginError(f"{cls.__name__}.__init__ takes {argument}: an option is an argument with a name")
        if argument.name in reserved:
            raise PluginError(f"{cls.__name__} has an option {argument.name!r}, a key that every {kind} has; rename it")
    resolved = {each.name: each.replace(annotation=hints.get(each.name, Any)) for each in arguments}
    return Options(f"the {kind} {getattr(cls, 'name', cls.__name__)}", resolved, reserved)


def _schema(argument: inspect.Parameter) -> dict[str, object]:
    try:
        schema: dict[str, object] = TypeAdapter(argument.annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError):
        schema = {}
    if "$defs" in schema:  # its references lead nowhere from within another schema
        schema = {}
    schema.pop("title", None)
    if argument.default is argument.empty:
        return schema
    try:
        return {**schema, "default": json.loads(json.dumps(argument.default))}
    except (TypeError, ValueError):
        return schema


def _written(annotation: Any) -> str:
    """A type as its author would write it."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")

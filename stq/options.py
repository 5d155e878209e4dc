"""The options of a plugin's class: the keyword arguments of its constructor, checked where a spec gives them."""

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from stq.errors import PluginError, Problem, SpecError, nearest


def constructor_arguments(cls: type, kind: str, reserved: Sequence[str]) -> dict[str, inspect.Parameter]:
    """The constructor's arguments but `self`, their annotations resolved (`Any` where there is none).

    `kind` says what the class is (loss, metric), `reserved` the keys that every item of that kind has in a spec. An
    argument that can't be an option is a `PluginError`.
    """
    constructor: Any = cls.__init__  # type: ignore[misc]  # of a class that is given
    try:
        hints = get_type_hints(constructor, include_extras=True)
    except Exception as error:
        raise PluginError(f"the types of the options of {cls.__name__} can't be resolved: {error}") from error
    arguments = list(inspect.signature(constructor).parameters.values())[1:]
    for argument in arguments:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD, argument.POSITIONAL_ONLY):
            raise PluginError(f"{cls.__name__}.__init__ takes {argument}: an option is an argument with a name")
        if argument.name in reserved:
            raise PluginError(f"{cls.__name__} has an option {argument.name!r}, a key that every {kind} has; rename it")
    return {argument.name: argument.replace(annotation=hints.get(argument.name, Any)) for argument in arguments}


def checked_options(
    cls: type, name: str, kind: str, reserved: Sequence[str], options: Mapping[str, object]
) -> dict[str, Any]:
    """The options as the constructor's types want them (lists as tuples, say), defaults left to the constructor.

    Names and types are checked strictly, as JSON would be (no "3" for 3). Raises SpecError with every mistake, paths
    relative to the item of the spec.
    """
    arguments = constructor_arguments(cls, kind, reserved)
    fields: dict[str, Any] = {}
    for key, argument in arguments.items():
        default = ... if argument.default is argument.empty else argument.default
        fields[f"option_{key}"] = (argument.annotation, Field(default, alias=key))  # aliased: any name is allowed
    config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
    model: type[BaseModel] = create_model(cls.__name__, __config__=config, **fields)
    title = f"the {kind} {name}"
    try:
        given = model.model_validate_json(json.dumps(dict(options)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        problems = [_problem(title, list(arguments), reserved, mistake) for mistake in found]
        raise SpecError(problems) from error
    return {key: getattr(given, f"option_{key}") for key in options}


def written(annotation: Any) -> str:
    """A type as its author would write it."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _problem(title: str, names: list[str], reserved: Sequence[str], mistake: Any) -> Problem:
    path = tuple(mistake["loc"])
    if mistake["type"] == "missing":
        return Problem((), f"{title} needs the option {path[0]!r}")
    if mistake["type"] == "extra_forbidden":
        message = f"{title} has no option {str(path[0])!r}"
        known = f"its options are {', '.join(names)}" if names else "it has no options"
        return Problem(path, message, hint=nearest(str(path[0]), [*names, *reserved], known), on="key")
    wrong = mistake["msg"].replace("Input should be", "should be")
    return Problem(path, f"{path[0]} {wrong}, found {mistake['input']!r}")

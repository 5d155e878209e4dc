"""The options of a loss are the keyword arguments of its constructor."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from stq.errors import PluginError
from stq.losses._loss import Loss

RESERVED = ("loss", "name", "weight", "updates")
"""Keys of a loss item in the spec that are not options of the loss."""


@dataclass(frozen=True)
class OptionInfo:
    """One option of a loss, for a person to read.

    `doc` is the description that an author may add to the type: `Annotated[int, Field(ge=1, description="...")]`.
    """

    type: str
    default: object
    required: bool
    doc: str


def loss_options(cls: type[Loss]) -> dict[str, OptionInfo]:
    """What a spec may say to a loss, in the order of its constructor; `default` is None where one is `required`.

    A constructor whose arguments can't be options (`*args`, `**kwargs`, a key that every loss has) is a `PluginError`.
    """
    options = {}
    for name, parameter in constructor_arguments(cls).items():
        required = parameter.default is parameter.empty
        notes = get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ()
        docs = [note.description for note in notes if isinstance(note, FieldInfo) and note.description]
        default = None if required else parameter.default
        options[name] = OptionInfo(_written(parameter.annotation), default, required, " ".join(docs))
    return options


def constructor_arguments(cls: type[Loss]) -> dict[str, inspect.Parameter]:
    """The constructor's arguments but `self`, their annotations resolved (`Any` where there is none)."""
    constructor = cls.__init__
    try:
        hints = get_type_hints(constructor, include_extras=True)
    except Exception as error:
        raise PluginError(f"the types of the options of {cls.__name__} can't be resolved: {error}") from error
    arguments = list(inspect.signature(constructor).parameters.values())[1:]
    for argument in arguments:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD, argument.POSITIONAL_ONLY):
            raise PluginError(f"{cls.__name__}.__init__ takes {argument}: an option is an argument with a name")
        if argument.name in RESERVED:
            raise PluginError(f"{cls.__name__} has an option {argument.name!r}, a key that every loss has; rename it")
    return {argument.name: argument.replace(annotation=hints.get(argument.name, Any)) for argument in arguments}


def _written(annotation: Any) -> str:
    """A type as its author would write it."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")

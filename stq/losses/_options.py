"""The options of a loss are the keyword arguments of its constructor."""

import inspect
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from pydantic.fields import FieldInfo

from stq import options
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
    found = {}
    for name, parameter in constructor_arguments(cls).items():
        required = parameter.default is parameter.empty
        notes = get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ()
        docs = [note.description for note in notes if isinstance(note, FieldInfo) and note.description]
        default = None if required else parameter.default
        found[name] = OptionInfo(options.written(parameter.annotation), default, required, " ".join(docs))
    return found


def constructor_arguments(cls: type[Loss]) -> dict[str, inspect.Parameter]:
    """The constructor's arguments but `self`, their annotations resolved (`Any` where there is none)."""
    return options.constructor_arguments(cls, "loss", RESERVED)

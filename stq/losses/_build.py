"""From the options in a spec to a loss."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from stq.errors import PluginError, Problem, SpecError, StqError, nearest
from stq.losses._loss import Loss
from stq.losses._options import RESERVED, constructor_arguments


def build_loss(cls: type[Loss], options: Mapping[str, object]) -> Loss:
    """A loss with the options that a spec gives it: names and types checked strictly, as JSON would be (no "3" for 3).

    Unknown options, missing ones and wrong values are a `SpecError` with all of them, paths relative to the loss's
    item of the spec; so is a `ValueError` that the constructor raises. A loss that can't be built for another reason,
    or that has trainable parameters (which no routing group could hold), is a `PluginError`.
    """
    checked = _checked(cls, options)
    try:
        loss = cls(**checked)
        refuse_trainable(loss)
    except StqError:
        raise
    except ValueError as error:
        raise SpecError([Problem((), f"{cls.name}: {error}")]) from error
    except Exception as error:
        raise PluginError(f"the loss {cls.name} can't be built: {type(error).__name__}: {error}") from error
    return loss


def refuse_trainable(loss: Loss) -> None:
    """Raise a `PluginError` if the loss has parameters that want a gradient: no routing group could hold them."""
    trainable = [name for name, parameter in loss.named_parameters() if parameter.requires_grad]
    if trainable:
        names = ", ".join(trainable)
        raise PluginError(f"the loss {loss.name} has trainable parameters ({names}); make them buffers, or options")


def _checked(cls: type[Loss], options: Mapping[str, object]) -> dict[str, Any]:
    """The options as the constructor's types want them (lists as tuples, say), defaults left to the constructor."""
    arguments = constructor_arguments(cls)
    fields: dict[str, Any] = {}
    for name, argument in arguments.items():
        default = ... if argument.default is argument.empty else argument.default
        fields[f"option_{name}"] = (argument.annotation, Field(default, alias=name))  # aliased: any name is allowed
    config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
    model: type[BaseModel] = create_model(cls.__name__, __config__=config, **fields)
    try:
        given = model.model_validate_json(json.dumps(dict(options)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise SpecError([_problem(cls, list(arguments), mistake) for mistake in found]) from error
    return {name: getattr(given, f"option_{name}") for name in options}


def _problem(cls: type[Loss], names: list[str], mistake: Any) -> Problem:
    path = tuple(mistake["loc"])
    if mistake["type"] == "missing":
        return Problem((), f"the loss {cls.name} needs the option {path[0]!r}")
    if mistake["type"] == "extra_forbidden":
        message = f"the loss {cls.name} has no option {str(path[0])!r}"
        known = f"its options are {', '.join(names)}" if names else "it has no options"
        return Problem(path, message, hint=nearest(str(path[0]), [*names, *RESERVED], known), on="key")
    wrong = mistake["msg"].replace("Input should be", "should be")
    return Problem(path, f"{path[0]} {wrong}, found {mistake['input']!r}")

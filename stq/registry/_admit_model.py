"""What a class must have to be a model, checked where it enters."""

import inspect
from typing import Any

from stq.errors import PluginError
from stq.models import Forecaster, HeadedForecaster, model_options


def admit_model(candidate: Any) -> type[Forecaster]:
    """The class itself, if specs can name it and stq can build it; else a `PluginError` that says why."""
    if not (inspect.isclass(candidate) and issubclass(candidate, Forecaster)):
        raise PluginError(f"stq_models() must give subclasses of stq.models.Forecaster, and gave {candidate!r}")
    title = f"the model class {candidate.__qualname__}"
    name = getattr(candidate, "name", None)
    if not (isinstance(name, str) and name.isprintable() and name.split() == [name]):
        raise PluginError(f"{title} needs a name, one word: name = {candidate.__name__.lower()!r}")
    if not (candidate.__dict__.get("__doc__") or "").strip():
        raise PluginError(f"{title} needs a docstring: what it computes, and its source")
    if issubclass(candidate, HeadedForecaster) and candidate.forward is HeadedForecaster.forward:
        if candidate.features is HeadedForecaster.features:
            raise PluginError(f"{title} needs a features(self, inputs)")
    elif Forecaster in (_home(candidate, "forward"), _home(candidate, "groups")):
        raise PluginError(f"{title} needs a forward(self, inputs, base, location) and a groups(self)")
    if list(inspect.signature(candidate.__init__).parameters)[1:2] != ["context"]:
        raise PluginError(f"{title} needs a constructor that begins __init__(self, context, ...)")
    model_options(candidate)
    admitted: type[Forecaster] = candidate
    return admitted


def _home(cls: type, method: str) -> type | None:
    """The class that a method comes from."""
    return next((each for each in cls.__mro__ if method in vars(each)), None)

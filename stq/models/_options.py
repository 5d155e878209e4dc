"""The options of a model."""

from stq.models._forecaster import Forecaster
from stq.options import OptionInfo, Options, options_of

RESERVED = ("name", "heads", "residual", "location", "compile", "options")
"""Keys of the spec's section `model` that every model has."""


def model_options(cls: type[Forecaster]) -> dict[str, OptionInfo]:
    """What a spec may say to a model, in the order of its constructor; the context, which comes first, is no option.

    A constructor whose arguments can't be options (`*args`, `**kwargs`, a key that every model has) is a `PluginError`.
    """
    return options_of_model(cls).listed()


def options_of_model(cls: type[Forecaster]) -> Options:
    """The same, ready to check what a spec says."""
    return options_of(cls, "model", RESERVED, skip=1)

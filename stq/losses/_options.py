"""The options of a loss."""

from stq.losses._loss import Loss
from stq.options import OptionInfo, Options, options_of

RESERVED = ("loss", "name", "weight", "updates")
"""Keys of a loss item in the spec that are not options of the loss."""


def loss_options(cls: type[Loss]) -> dict[str, OptionInfo]:
    """What a spec may say to a loss, in the order of its constructor; `default` is None where one is `required`.

    A constructor whose arguments can't be options (`*args`, `**kwargs`, a key that every loss has) is a `PluginError`.
    """
    return options_of_loss(cls).listed()


def options_of_loss(cls: type[Loss]) -> Options:
    """The same, ready to check what a spec says."""
    return options_of(cls, "loss", RESERVED)

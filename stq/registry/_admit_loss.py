"""What a class must have to be a loss, checked where it enters."""

from inspect import isclass
from typing import Any

from stq.errors import PluginError
from stq.losses import Loss, loss_options


def admit_loss(candidate: Any) -> type[Loss]:
    """The class itself, if specs can name it and routing can place it; else a `PluginError` that says why."""
    if not (isclass(candidate) and issubclass(candidate, Loss)):
        raise PluginError(f"stq_losses() must give subclasses of stq.losses.Loss, and gave {candidate!r}")
    title = f"the loss class {candidate.__qualname__}"
    name = getattr(candidate, "name", None)
    if not (isinstance(name, str) and name.isprintable() and name.split() == [name]):
        raise PluginError(f"{title} needs a name, one word: name = {candidate.__name__.lower()!r}")
    updates = getattr(candidate, "updates", None)
    if not (isinstance(updates, tuple) and updates and all(isinstance(group, str) for group in updates)):
        raise PluginError(f"{title} needs the groups it may update as a tuple: updates = ('backbone', 'central')")
    if candidate.reduction not in ("valid", "batch"):
        raise PluginError(f"{title} has the reduction {candidate.reduction!r}; it is 'valid' or 'batch'")
    if not (candidate.__doc__ or "").strip():
        raise PluginError(f"{title} needs a docstring: what it measures, and its source")
    if candidate.forward is Loss.forward:
        raise PluginError(f"{title} needs a forward(self, forecast, target)")
    loss_options(candidate)
    return candidate

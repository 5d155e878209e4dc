"""A loss before the conformance kit, by its name or in its file."""

from pathlib import Path

from stq.errors import CheckFailed, PluginError, UsageError
from stq.registry import load_losses
from stq.testing import LossReport, check_loss


def try_losses(name_or_file: str) -> tuple[LossReport, ...]:
    """What the kit says of the loss of that name, or of every loss that a plugin file brings.

    Raises PluginError for an unknown name, UsageError for a file that is not there, CheckFailed for one that can't be
    loaded or whose losses lack what every loss has (name, tag, docstring).
    """
    path = Path(name_or_file)
    if path.suffix != ".py" and not path.is_file():
        return (check_loss(load_losses().get(name_or_file).cls),)
    if not path.is_file():
        raise UsageError(f"there is no file {name_or_file}")
    try:
        registry = load_losses([path])
    except PluginError as error:
        raise CheckFailed(str(error)) from error
    found = [entry.cls for entry in registry.entries.values() if entry.distribution == str(path)]
    if not found:
        raise CheckFailed(f"{path}: it brings no loss: mark a function stq_losses() with @stq.hookimpl")
    return tuple(check_loss(cls) for cls in found)

"""A loss before the conformance kit, by its name or in its file."""

from collections.abc import Sequence
from pathlib import Path

from stq.errors import CheckFailed, PluginError, SpecError, UsageError
from stq.losses import Loss, build_loss, loss_options
from stq.registry import load_losses
from stq.spec import GivenOptions, parse_options
from stq.testing import LossReport, check_loss


def try_losses(name_or_file: str, options: Sequence[str] = ()) -> tuple[LossReport, ...]:
    """What the kit says of the loss of that name, or of every loss that a plugin file brings.

    `options` are `OPTION=VALUE`, as `--set` has them, for the one loss there is; others have their defaults.

    Raises PluginError for an unknown name, UsageError for a file that is not there, for options of more than one loss
    and for a loss that can't do without, SpecError for options that it has not or of another kind, CheckFailed for a
    file that can't be loaded or whose losses lack what every loss has (name, tag, docstring).
    """
    given = parse_options(options)
    found = losses_of(name_or_file)
    if given.values and len(found) > 1:
        names = ", ".join(cls.name for cls in found)
        raise UsageError(f"{name_or_file} brings {len(found)} losses ({names}), and --set is for one: give it a file")
    return tuple(check_loss(with_options(cls, given)) for cls in found)


def with_options(cls: type[Loss], given: GivenOptions) -> type[Loss] | Loss:
    """The loss built with these options; the class where there are none, so that the kit builds it."""
    try:
        known = loss_options(cls)
    except PluginError:
        return cls  # the kit says what is wrong with its constructor
    lacking = [name for name, option in known.items() if option.required and name not in given.values]
    if lacking:
        needed = " ".join(f"--set {name}=VALUE" for name in lacking)
        raise UsageError(f"the loss {cls.name} has options without a default: add {needed}")
    if not given.values:
        return cls
    try:
        return build_loss(cls, given.values)
    except SpecError as error:
        raise SpecError(given.located(error.problems)) from error
    except PluginError as error:
        raise CheckFailed(str(error)) from error


def losses_of(name_or_file: str) -> tuple[type[Loss], ...]:
    """The loss of that name, or all that a plugin file brings."""
    path = Path(name_or_file)
    if path.suffix != ".py" and not path.is_file():
        return (load_losses().get(name_or_file).cls,)
    if not path.is_file():
        raise UsageError(f"there is no file {name_or_file}")
    try:
        registry = load_losses([path])
    except PluginError as error:
        raise CheckFailed(str(error)) from error
    found = tuple(entry.cls for entry in registry.entries.values() if entry.distribution == str(path))
    if not found:
        raise CheckFailed(f"{path}: it brings no loss: mark a function stq_losses() with @stq.hookimpl")
    return found

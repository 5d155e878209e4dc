"""From the options in a spec to a loss."""

from collections.abc import Mapping

from stq.errors import PluginError, Problem, SpecError, StqError
from stq.losses._loss import Loss
from stq.losses._options import options_of_loss


def build_loss(cls: type[Loss], options: Mapping[str, object]) -> Loss:
    """A loss with the options that a spec gives it: names and types checked strictly, as JSON would be (no "3" for 3).

    Unknown options, missing ones and wrong values are a `SpecError` with all of them, paths relative to the loss's
    item of the spec; so is a `ValueError` that the constructor raises. A loss that can't be built for another reason,
    or that has trainable parameters (which no routing group could hold), is a `PluginError`.
    """
    checked = options_of_loss(cls).checked(options)
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

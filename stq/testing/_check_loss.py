"""The conformance kit for losses."""

from collections.abc import Callable

from stq.losses import Loss
from stq.registry import admit_loss
from stq.testing import _loss_properties as ask
from stq.testing._report import LossReport, PropertyResult
from stq.testing._trial import Trial, begin

PROPERTIES: dict[str, Callable[[Trial], str]] = {
    "options": ask.options_typed,
    "finite scalar": ask.finite_scalar,
    "gradient": ask.gradient_right,
    "no dead group": ask.no_dead_group,
    "no stray gradient": ask.no_stray_gradient,
    "masks": ask.masks_respected,
    "batch order": ask.batch_order_free,
    "nothing valid": ask.nothing_valid,
    "quantiles declared": ask.quantiles_declared,
}


def check_loss(loss: type[Loss] | Loss) -> LossReport:
    """Ask of a loss everything that routing, masks and training rely on.

    A class is built with its default options; give an instance to check others, or where an option has no default. The
    instance is copied. First comes `declaration`: name, tag, docstring, constructor, set-up; a loss that fails there is
    asked nothing else. What the loss raises counts against the question at hand; this function itself raises nothing.
    """
    cls = type(loss) if isinstance(loss, Loss) else loss
    title = str(getattr(cls, "name", cls.__qualname__))
    try:
        admit_loss(cls)
        trial = begin(loss)
    except Exception as error:  # whatever the author's constructor or setup raises
        return LossReport(title, (PropertyResult("declaration", False, str(error) or type(error).__name__),))
    asked = [_ask(name, question, trial) for name, question in PROPERTIES.items()]
    return LossReport(title, (PropertyResult("declaration", True, ""), *asked))


def _ask(name: str, question: Callable[[Trial], str], trial: Trial) -> PropertyResult:
    try:
        found = question(trial)
    except Exception as error:  # whatever the author's forward raises
        found = f"{type(error).__name__}: {error}"
    return PropertyResult(name, not found, found)

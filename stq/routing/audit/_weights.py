"""Weights stay where they are while gradients are measured."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from stq.errors import RoutingError
from stq.routing.audit._gradients import Named


@contextmanager
def weights_held(named: Named) -> Iterator[None]:
    """Raise RoutingError where a backward inside moved a weight: a step taken in a hook, or by an engine.

    No later gradient of the same graph would mean anything, so that there is nothing to audit.
    """
    before = [(name, parameter, parameter._version, parameter.detach().clone()) for name, parameter in named]

    def moved() -> list[str]:
        return [
            name
            for name, parameter, version, copy in before
            if parameter._version != version or not same(parameter.detach(), copy)
        ]

    try:
        yield
    except RuntimeError as error:  # autograd's own, where a weight that a pass needs was changed in place
        if names := moved():
            raise RoutingError(text(names)) from error
        raise
    if names := moved():
        raise RoutingError(text(names))


def same(a: Tensor, b: Tensor) -> bool:
    """Equal numbers, NaN against NaN included."""
    return bool(((a == b) | ((a != a) & (b != b))).all())


def text(names: list[str]) -> str:
    """What happened, to whom, and the remedy."""
    return (
        f"the backward itself moves the weights of {', '.join(names)}: a hook, or the engine, takes a step of its own "
        f"where no loss is told from another; step in an optimiser"
    )

"""Hooks of parameters that wait for an accumulated gradient: reducers, loggers, optimisers in the backward."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from stq.routing.audit._gradients import Named

HOOKS = "_post_accumulate_grad_hooks"
"""Where torch keeps them; it has no public way to list them."""


def hooks_of(parameter: nn.Parameter) -> OrderedDict[int, object] | None:
    """Those of one parameter."""
    found: OrderedDict[int, object] | None = getattr(parameter, HOOKS)
    return found


@contextmanager
def hooks_muted(named: Named) -> Iterator[None]:
    """No such hook fires inside: it would fire again in every pass of an audit."""
    saved = [(parameter, hooks) for _, parameter in named if (hooks := hooks_of(parameter))]
    try:
        for parameter, _ in saved:
            setattr(parameter, HOOKS, OrderedDict())  # None would not reach a graph that is there already
        yield
    finally:
        for parameter, hooks in saved:
            setattr(parameter, HOOKS, hooks)

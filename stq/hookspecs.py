"""The hooks that a plugin may implement, each a function marked with `stq.hookimpl` in the plugin's module."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    from stq.data import Reader
    from stq.losses import Loss
    from stq.metrics import Metric
    from stq.models import Forecaster

hookspec = HookspecMarker("stq")

API = 1
"""The version of what plugins rely on: these hooks, `stq.losses`, `stq.models`, `stq.tensors`, `stq.testing`, `Reader`.

A plugin's module may say which it was written for, `stq_api = 1`; one that says another is set aside with that cause.
"""


@hookspec
def stq_losses() -> "Iterable[type[Loss]]":  # type: ignore[empty-body]  # a hook's specification has no body
    """The losses that a plugin brings: classes, which a spec then names and gives options."""


@hookspec
def stq_models() -> "Iterable[type[Forecaster]]":  # type: ignore[empty-body]  # a hook's specification has no body
    """The models that a plugin brings: classes, one of which a spec names under `model` and gives options."""


@hookspec
def stq_readers() -> "Iterable[type[Reader]]":  # type: ignore[empty-body]  # a hook's specification has no body
    """The readers that a plugin brings: classes, each known by the endings of the files that it opens.

    Import the class inside the function: it brings xarray, and a plugin's module is imported for its losses too.
    """


@hookspec
def stq_metrics() -> "Iterable[type[Metric]]":  # type: ignore[empty-body]  # a hook's specification has no body
    """The metrics that a plugin brings: classes, which a spec then names under `evaluation.metrics` and gives options.

    Import the class inside the function where the plugin brings losses as well: it brings torchmetrics.
    """

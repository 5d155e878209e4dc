"""The hooks that a plugin may implement, each a function marked with `stq.hookimpl` in the plugin's module."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    from stq.losses import Loss

hookspec = HookspecMarker("stq")


@hookspec
def stq_losses() -> "Iterable[type[Loss]]":  # type: ignore[empty-body]  # a hook's specification has no body
    """The losses that a plugin brings: classes, which a spec then names and gives options."""

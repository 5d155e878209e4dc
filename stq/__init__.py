"""stq: spatio-temporal forecasts with quantile bands, each loss confined to the parameters it is tagged with.

This module stays light: it imports neither torch nor Lightning, so that a plugin file can name the hook marker
and `stq --help` answers at once. The parts live in the packages below it (see CONTRIBUTING.md for the map).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluggy import HookimplMarker

    hookimpl = HookimplMarker("stq")
    """Marks a function as an implementation of one of the hooks in `stq.hookspecs`."""

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`hookimpl`, made when it is first asked for: most commands need no plugin, and pluggy takes its time to load."""
    if name != "hookimpl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pluggy import HookimplMarker

    globals()[name] = marker = HookimplMarker("stq")
    return marker


__all__ = ["__version__", "hookimpl"]

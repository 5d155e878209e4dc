"""stq: spatio-temporal forecasts with quantile bands, each loss confined to the parameters it is tagged with.

This module stays light: it imports neither torch nor Lightning, so that a plugin file can name the hook marker
and `stq --help` answers at once. The parts live in the packages below it (see CONTRIBUTING.md for the map).
"""

from pluggy import HookimplMarker

__version__ = "0.1.0"

hookimpl = HookimplMarker("stq")
"""Marks a function as an implementation of one of the hooks in `stq.hookspecs`."""

__all__ = ["__version__", "hookimpl"]

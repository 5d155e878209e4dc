"""Who brings what: plugins by kind, gathered on demand.

`discover` reads the metadata of what is installed and imports nothing; `load_losses` imports the plugins and asks each
for its losses, `load_readers` for its readers, `load_metrics` for its metrics. What is built in comes in by the same
door. This package imports light: torch comes with the first `load_losses`, xarray with the first `load_readers`, so
that listing plugins doesn't wait for either, nor losses for xarray.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stq.registry._discover import PluginInfo, discover

if TYPE_CHECKING:
    from stq.registry._admit_loss import admit_loss
    from stq.registry._host import BrokenPlugin
    from stq.registry._load_losses import load_losses
    from stq.registry._load_metrics import MetricEntry, MetricRegistry, load_metrics
    from stq.registry._load_readers import ReaderEntry, ReaderRegistry, load_readers
    from stq.registry._local import LocalPlugin
    from stq.registry._loss_registry import LossEntry, LossRegistry

__all__ = [
    "BrokenPlugin",
    "LocalPlugin",
    "LossEntry",
    "LossRegistry",
    "MetricEntry",
    "MetricRegistry",
    "PluginInfo",
    "ReaderEntry",
    "ReaderRegistry",
    "admit_loss",
    "discover",
    "load_losses",
    "load_metrics",
    "load_readers",
]

_LATER = {
    "BrokenPlugin": "_host",
    "LocalPlugin": "_local",
    "LossEntry": "_loss_registry",
    "LossRegistry": "_loss_registry",
    "MetricEntry": "_load_metrics",
    "MetricRegistry": "_load_metrics",
    "ReaderEntry": "_load_readers",
    "ReaderRegistry": "_load_readers",
    "admit_loss": "_admit_loss",
    "load_losses": "_load_losses",
    "load_metrics": "_load_metrics",
    "load_readers": "_load_readers",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)

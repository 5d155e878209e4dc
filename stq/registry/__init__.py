"""Who brings what: plugins by kind, gathered on demand.

`discover` reads the metadata of what is installed and imports nothing; `load_losses` imports the plugins and asks each
for its losses, `load_models` for its models, `load_readers` for its readers, `load_metrics` for its metrics;
`check_plugins` asks for everything. What is built in comes in by the same door. This package imports light: torch comes
with the first `load_losses`, xarray with the first `load_readers`, so that listing plugins doesn't wait for either, nor
losses for xarray.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stq.registry._discover import PluginInfo, discover, leaving_out

if TYPE_CHECKING:
    from stq.registry._admit_loss import admit_loss
    from stq.registry._admit_model import admit_model
    from stq.registry._check_plugins import check_plugins
    from stq.registry._entries import Entry, Registry
    from stq.registry._host import BrokenPlugin, Clash
    from stq.registry._load_losses import LossEntry, LossRegistry, load_losses
    from stq.registry._load_metrics import MetricEntry, MetricRegistry, load_metrics
    from stq.registry._load_models import ModelEntry, ModelRegistry, load_models
    from stq.registry._load_readers import ReaderEntry, ReaderRegistry, load_readers, refuse_clashing
    from stq.registry._local import LocalPlugin

__all__ = [
    "BrokenPlugin",
    "Clash",
    "Entry",
    "LocalPlugin",
    "LossEntry",
    "LossRegistry",
    "MetricEntry",
    "MetricRegistry",
    "ModelEntry",
    "ModelRegistry",
    "PluginInfo",
    "ReaderEntry",
    "ReaderRegistry",
    "Registry",
    "admit_loss",
    "admit_model",
    "check_plugins",
    "discover",
    "leaving_out",
    "load_losses",
    "load_metrics",
    "load_models",
    "load_readers",
    "refuse_clashing",
]

_LATER = {
    "BrokenPlugin": "_host",
    "Clash": "_host",
    "Entry": "_entries",
    "LocalPlugin": "_local",
    "LossEntry": "_load_losses",
    "LossRegistry": "_load_losses",
    "ModelEntry": "_load_models",
    "ModelRegistry": "_load_models",
    "MetricEntry": "_load_metrics",
    "MetricRegistry": "_load_metrics",
    "ReaderEntry": "_load_readers",
    "ReaderRegistry": "_load_readers",
    "Registry": "_entries",
    "admit_loss": "_admit_loss",
    "admit_model": "_admit_model",
    "check_plugins": "_check_plugins",
    "load_losses": "_load_losses",
    "load_metrics": "_load_metrics",
    "load_models": "_load_models",
    "load_readers": "_load_readers",
    "refuse_clashing": "_load_readers",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)

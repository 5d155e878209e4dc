"""Who brings what: plugins by kind, gathered on demand.

`discover` reads the metadata of what is installed and imports nothing; `load_losses` imports the plugins and asks each
for its losses. The built-in losses come in by the same door. This package imports light: torch comes with the first
`load_losses`, so that listing plugins doesn't wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stq.registry._discover import PluginInfo, discover

if TYPE_CHECKING:
    from stq.registry._admit_loss import admit_loss
    from stq.registry._load_losses import load_losses
    from stq.registry._local import LocalPlugin
    from stq.registry._loss_registry import BrokenPlugin, LossEntry, LossRegistry

__all__ = [
    "BrokenPlugin",
    "LocalPlugin",
    "LossEntry",
    "LossRegistry",
    "PluginInfo",
    "admit_loss",
    "discover",
    "load_losses",
]

_LATER = {
    "BrokenPlugin": "_loss_registry",
    "LocalPlugin": "_local",
    "LossEntry": "_loss_registry",
    "LossRegistry": "_loss_registry",
    "admit_loss": "_admit_loss",
    "load_losses": "_load_losses",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)

"""Every plugin, imported and asked for everything that it may bring."""

from stq.registry._discover import discover
from stq.registry._host import BrokenPlugin
from stq.registry._load_losses import load_losses
from stq.registry._load_metrics import load_metrics
from stq.registry._load_models import load_models
from stq.registry._load_readers import load_readers


def check_plugins() -> tuple[BrokenPlugin, ...]:
    """What is wrong with the installed plugins, each cause once, and with names that several of them bring."""
    registries = (load_losses(), load_models(), load_metrics(), load_readers())
    broken = [plugin for registry in registries for plugin in registry.broken]
    for registry in registries:
        for clash in registry.clashes.values():
            clashing = (p for p in discover() if not p.builtin and p.distribution in clash.distributions)
            broken += [BrokenPlugin(plugin.name, plugin.distribution, clash.cause) for plugin in clashing]
    return tuple(dict.fromkeys(broken))

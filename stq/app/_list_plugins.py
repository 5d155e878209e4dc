"""The plugins that are installed, by their metadata; imported only where that is asked for."""

from dataclasses import dataclass

from stq.registry import PluginInfo, discover


@dataclass(frozen=True)
class PluginCard:
    """An installed plugin; `cause` says why a broken one is broken, and is empty where nothing was imported."""

    name: str
    distribution: str
    version: str
    module: str
    builtin: bool
    cause: str = ""


def list_plugins(*, load: bool = False) -> tuple[PluginCard, ...]:
    """What the metadata of installed distributions announces; nothing is imported unless `load`."""
    causes: dict[tuple[str, str], list[str]] = {}
    if load:
        from stq.registry import check_plugins

        for bad in check_plugins():
            causes.setdefault((bad.distribution, bad.name), []).append(bad.cause)

    def cause(plugin: PluginInfo) -> str:
        return "; ".join(causes.get((plugin.distribution, plugin.name), []))

    return tuple(PluginCard(p.name, p.distribution, p.version, p.module, p.builtin, cause(p)) for p in discover())

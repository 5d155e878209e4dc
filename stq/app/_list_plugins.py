"""The plugins that are installed, by their metadata; imported only where that is asked for."""

from dataclasses import dataclass

from stq.registry import discover


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
    causes: dict[tuple[str, str], str] = {}
    if load:
        from stq.registry import load_losses

        causes = {(bad.distribution, bad.name): bad.cause for bad in load_losses().broken}
    return tuple(
        PluginCard(p.name, p.distribution, p.version, p.module, p.builtin, causes.get((p.distribution, p.name), ""))
        for p in discover()
    )

"""Installed plugins, by their metadata alone."""

import os
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from stq import __version__

GROUP = "stq"
"""The entry-point group in which a distribution names its plugins."""


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as the metadata of its distribution announces it; `module` is what loading it would import."""

    name: str
    distribution: str
    version: str
    module: str
    builtin: bool


def discover() -> tuple[PluginInfo, ...]:
    """The built-in plugin first, then what is installed, by distribution and name. Imports none of them."""
    builtin = PluginInfo("losses", "stq", __version__, "stq.losses", builtin=True)
    return (builtin, *(_info(point) for point in installed()))


def installed() -> list[EntryPoint]:
    """Every entry point of the group: two distributions may use the same name. None with STQ_NO_PLUGINS=1."""
    if os.environ.get("STQ_NO_PLUGINS", "0") not in ("", "0"):
        return []
    return sorted(entry_points(group=GROUP), key=lambda point: (distribution_of(point), point.name))


def distribution_of(point: EntryPoint) -> str:
    """The name of the distribution that an entry point comes from."""
    return point.dist.name if point.dist else "unknown"


def _info(point: EntryPoint) -> PluginInfo:
    version = point.dist.version if point.dist else "unknown"
    return PluginInfo(point.name, distribution_of(point), version, point.value, builtin=False)

"""Installed plugins, by their metadata alone."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from stq import __version__
from stq.errors import UsageError, nearest

GROUP = "stq"
"""The entry-point group in which a distribution names its plugins."""
VARIABLE = "STQ_NO_PLUGINS"
ALL = "1"
BUILTIN = {"losses": "stq.losses", "models": "stq.models", "metrics": "stq.metrics", "readers": "stq.data"}
"""What stq itself brings, kind by kind, and the module that holds the hook."""


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as the metadata of its distribution announces it; `module` is what loading it would import."""

    name: str
    distribution: str
    version: str
    module: str
    builtin: bool


def discover() -> tuple[PluginInfo, ...]:
    """The built-in plugins first, then what is installed, by distribution and name. Imports none of them."""
    builtin = (PluginInfo(kind, "stq", __version__, module, builtin=True) for kind, module in BUILTIN.items())
    return (*builtin, *(_info(point) for point in installed()))


def installed() -> list[EntryPoint]:
    """Every entry point of the group, but those that `left_out` names: two distributions may use the same name."""
    out = left_out()
    if ALL in out:
        return []
    kept = (p for p in entry_points(group=GROUP) if p.name not in out and distribution_of(p) not in out)
    return sorted(kept, key=lambda point: (distribution_of(point), point.name))


def left_out() -> frozenset[str]:
    """The plugins that STQ_NO_PLUGINS leaves out: 1 for all, or names of plugins or distributions between commas."""
    words = (word.strip() for word in os.environ.get(VARIABLE, "").split(","))
    return frozenset(word for word in words if word not in ("", "0"))


@contextmanager
def leaving_out(names: Iterable[str]) -> Iterator[None]:
    """Leave out these plugins too, by the name of their entry point or distribution; child processes do as well.

    Raises UsageError for a name that no installed plugin has.
    """
    before = os.environ.get(VARIABLE)
    known = {word for point in entry_points(group=GROUP) for word in (point.name, distribution_of(point))}
    for name in names:
        if name not in known:
            there = f"there are {', '.join(sorted(known))}" if known else "none is installed"
            raise UsageError(f"there is no plugin {name!r} to leave out; {nearest(name, known, there)}")
    os.environ[VARIABLE] = ",".join([*left_out(), *names])
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def distribution_of(point: EntryPoint) -> str:
    """The name of the distribution that an entry point comes from."""
    return point.dist.name if point.dist else "unknown"


def _info(point: EntryPoint) -> PluginInfo:
    version = point.dist.version if point.dist else "unknown"
    return PluginInfo(point.name, distribution_of(point), version, point.value, builtin=False)

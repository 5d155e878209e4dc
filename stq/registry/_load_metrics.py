"""The metrics of all plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import isclass
from pathlib import Path
from typing import Any, get_args

import stq.metrics
from stq.errors import PluginError, nearest
from stq.metrics import Metric, metric_options
from stq.metrics._metric import Units
from stq.registry._host import BrokenPlugin, gather


@dataclass(frozen=True)
class MetricEntry:
    """A metric and who brought it: the name of a distribution, or the path of a local file."""

    cls: type[Metric]
    distribution: str


@dataclass(frozen=True)
class MetricRegistry:
    """Every metric by name, and the plugins that could not be loaded."""

    entries: Mapping[str, MetricEntry]
    broken: tuple[BrokenPlugin, ...] = ()

    def get(self, name: str) -> MetricEntry:
        """The metric of that name, or a `PluginError` with the nearest name and the plugins that are broken."""
        if name in self.entries:
            return self.entries[name]
        known = f"there are {', '.join(sorted(self.entries))}" if self.entries else "no plugin brings any"
        lines = [f"there is no metric {name!r}; {nearest(name, self.entries, known)}"]
        lines += [f"  the plugin {bad.name!r} of {bad.distribution} is broken: {bad.cause}" for bad in self.broken]
        raise PluginError("\n".join(lines))


def load_metrics(local_files: Sequence[Path] = ()) -> MetricRegistry:
    """Every metric: those of installed plugins, and those of the given files.

    What is broken is set aside as by `load_losses`. Two metrics of one name are a `PluginError` that names both
    distributions.
    """
    found = gather("metrics", admit_metric, stq.metrics, local_files)
    entries = {name: MetricEntry(cls, distribution) for name, (cls, distribution) in found.entries.items()}
    return MetricRegistry(entries, found.broken)


def admit_metric(candidate: Any) -> type[Metric]:
    """The class itself, if specs can name it; else a `PluginError` that says why."""
    if not (isclass(candidate) and issubclass(candidate, Metric)):
        raise PluginError(f"stq_metrics() must give subclasses of stq.metrics.Metric, and gave {candidate!r}")
    title = f"the metric class {candidate.__qualname__}"
    name = getattr(candidate, "name", None)
    if not (isinstance(name, str) and name.isprintable() and name.split() == [name]):
        raise PluginError(f"{title} needs a name, one word: name = {candidate.__name__.lower()!r}")
    if candidate.units not in get_args(Units):
        raise PluginError(f"{title} has the units {candidate.units!r}; they are 'variable' or 'none'")
    sums = candidate.sums
    if not (isinstance(sums, tuple) and all(isinstance(each, str) and each.isidentifier() for each in sums)):
        raise PluginError(f"{title} needs the names of what it adds up as a tuple: sums = ('total', 'weight')")
    taken = [each for each in sums if hasattr(candidate, each)]
    if taken:
        raise PluginError(f"{title} adds up {taken[0]!r}, a name that every metric has already; rename it")
    if not (candidate.__doc__ or "").strip() or candidate.__doc__ == Metric.__doc__:
        raise PluginError(f"{title} needs a docstring: what it measures, and its source")
    for method in ("update", "compute"):
        if getattr(candidate, method) is getattr(Metric, method):
            arguments = "self, forecast, target" if method == "update" else "self"
            raise PluginError(f"{title} needs a {method}({arguments})")
    metric_options(candidate)
    return candidate

"""Which classes may be metrics."""

from inspect import isclass
from typing import Any, get_args

from stq.errors import PluginError
from stq.metrics import Metric, metric_options
from stq.metrics._metric import Units


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

"""The metrics of all plugins."""

from collections.abc import Sequence
from pathlib import Path

import stq.metrics
from stq.metrics import Metric
from stq.registry._admit_metric import admit_metric
from stq.registry._entries import Entry, Registry
from stq.registry._host import gather
from stq.spec import PluginFile

MetricEntry = Entry[Metric]
"""A metric and who brought it."""
MetricRegistry = Registry[Metric]
"""Every metric that a spec may name."""


def load_metrics(local_files: Sequence[Path | PluginFile] = ()) -> MetricRegistry:
    """Every metric: those of installed plugins, and those of the given files.

    What is broken or clashes is set aside as by `load_losses`.
    """
    found = gather("metrics", admit_metric, stq.metrics, local_files)
    entries = {name: Entry(cls, distribution) for name, (cls, distribution) in found.unclashed().items()}
    return MetricRegistry("metric", entries, found.local, found.broken, found.clashes)

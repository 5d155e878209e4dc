"""The built-in metrics, brought in by the hook that any plugin uses."""

from stq import hookimpl
from stq.metrics._metric import Metric


@hookimpl
def stq_metrics() -> list[type[Metric]]:
    """None: what stq scores is always scored, and `evaluation.metrics` has nothing to name there."""
    return []

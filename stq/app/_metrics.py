"""From the spec's list of metrics to metrics ready to score."""

from stq.app._losses import levels_of
from stq.errors import PluginError, Problem, SpecError
from stq.metrics import Metric, build_metric
from stq.registry import load_metrics
from stq.spec import LoadedSpec


def resolve_metrics(loaded: LoadedSpec) -> dict[str, Metric]:
    """Find every metric that the spec names and build it with its options.

    Raises SpecError with all problems at once, each at its place: unknown metric or option, wrong value, a metric that
    needs quantiles where the spec has none. Raises PluginError where a local plugin file fails.
    """
    wanted = loaded.spec.evaluation.metrics
    if not wanted:
        return {}
    registry = load_metrics(loaded.plugin_files)
    problems: list[Problem] = []
    metrics = {}
    for index, item in enumerate(wanted):
        place = ("evaluation", "metrics", index)
        try:
            cls = registry.get(item.metric).cls
            metrics[item.name] = build_metric(cls, item.options)
        except SpecError as error:
            problems += loaded.located(error.problems, place)
        except PluginError as error:
            problems.append(loaded.problem((*place, "metric"), str(error)))
        else:
            if cls.needs_quantiles and not levels_of(loaded):
                message = f"the metric {item.metric} compares quantiles, and the spec has none"
                hint = "give quantiles.levels, or leave the metric out"
                problems.append(loaded.problem((*place, "metric"), message, hint))
    if problems:
        raise SpecError(problems)
    return metrics

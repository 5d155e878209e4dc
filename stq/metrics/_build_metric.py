"""From the options in a spec to a metric."""

from collections.abc import Mapping

from stq.errors import PluginError, Problem, SpecError, StqError
from stq.metrics._metric import Metric
from stq.options import Options, options_of

RESERVED = ("metric", "name")
"""Keys of a metric's item in the spec that are not options of the metric."""


def metric_options(cls: type[Metric]) -> tuple[str, ...]:
    """What a spec may say to a metric. A constructor whose arguments can't be options is a `PluginError`."""
    return tuple(options_of_metric(cls).arguments)


def options_of_metric(cls: type[Metric]) -> Options:
    """The same, ready to check what a spec says."""
    return options_of(cls, "metric", RESERVED)


def build_metric(cls: type[Metric], options: Mapping[str, object]) -> Metric:
    """A metric with the options that a spec gives it, checked as those of a loss are.

    Unknown options, missing ones and wrong values are a `SpecError` with all of them, paths relative to the metric's
    item of the spec; so is a `ValueError` that the constructor raises; whatever else it raises is a `PluginError`.
    """
    checked = options_of_metric(cls).checked(options)
    try:
        return cls(**checked)
    except StqError:
        raise
    except ValueError as error:
        raise SpecError([Problem((), f"{cls.name}: {error}")]) from error
    except Exception as error:
        raise PluginError(f"the metric {cls.name} can't be built: {type(error).__name__}: {error}") from error

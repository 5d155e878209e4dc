"""What is scored beside the scores that need no choice."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from stq.spec._frozen_dict import FrozenDict
from stq.spec._option import Options
from stq.spec._plugin_item import PluginItem, names_differ
from stq.spec._section import Section
from stq.spec._types import (
    AlsoWritten,
    Count,
    CountOrNull,
    Finite,
    ListOf,
    Name,
    OneOf,
    SetOf,
    Text,
    WholeNumber,
    ascending,
)


class BootstrapSpec(Section):
    """How the intervals of the scores are drawn: a moving-block bootstrap over issue times."""

    repetitions: WholeNumber = 1000
    """How often frames are drawn; default 1000; 0: no intervals."""
    block: CountOrNull = None
    """Frames in a block; default null, the cube root of their number and at least the steps that forecasts overlap."""


class MetricSpec(PluginItem):
    """A metric of a plugin. Just a name in the spec means that metric with its defaults.

    Every further key beside `metric` is an option of the plugin and is gathered in `options`.
    """

    kind = "metric"

    metric: Name
    """The plugin's name. Required."""
    name: Name = ""
    """What the metric is called in the scores, unique in the spec; default the plugin's name."""
    options: Options = FrozenDict()
    """Options of the plugin, written beside `metric`; default the plugin's own."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


Ascending = Annotated[ListOf[Finite], Field(min_length=1), AfterValidator(ascending)]


class EvaluationSpec(Section):
    """Events, periods, intervals, and metrics of plugins. What stands here changes no training and no forecast."""

    thresholds: Annotated[dict[Text, Ascending], AfterValidator(FrozenDict)] = FrozenDict()
    """Events of the fractions skill score and the critical success index, {variable: [values in its units, ascending]}:
    an event is a value at or above one of them. Default {}, none."""
    neighbourhood: Annotated[
        SetOf[Count], BeforeValidator(_as_list), Field(min_length=1), AlsoWritten(type="integer", minimum=1)
    ] = (5,)
    """Sides, in cells, of the neighbourhoods of the fractions skill score: a number or a list; default 5."""
    periods: Annotated[Literal["month", "season", None], OneOf()] = None
    """Whether to score months or seasons (DJF, MAM, JJA, SON) of the targets' times apart as well; default null, no."""
    bootstrap: BootstrapSpec = BootstrapSpec()
    """How the intervals of the scores are drawn, {repetitions, block}; default 1000 times, blocks by their number."""
    metrics: Annotated[ListOf[MetricSpec], AfterValidator(names_differ)] = ()
    """Metrics of plugins, each a name or {metric, name, and the plugin's options}; default none."""

"""What is scored beside the scores that need no choice."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from stq.spec._frozen_dict import FrozenDict
from stq.spec._loss_spec import Options
from stq.spec._section import Mistake, Section, refuse
from stq.spec._types import (
    NAME,
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


def _metric_name(metric: object) -> str:
    return metric if isinstance(metric, str) and re.fullmatch(NAME, metric) else "metric"


class MetricSpec(Section):
    """A metric of a plugin. Just a name in the spec means that metric with its defaults.

    Every further key beside `metric` is an option of the plugin and is gathered in `options`.
    """

    metric: Name
    """The plugin's name. Required."""
    name: Name = ""
    """What the metric is called in the scores, unique in the spec; default the plugin's name."""
    options: Options = FrozenDict()
    """Options of the plugin, written beside `metric`; default the plugin's own."""

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, value: object) -> object:
        if isinstance(value, str):
            value = {"metric": value}
        if not isinstance(value, Mapping):
            return value
        item = {key: entry for key, entry in value.items() if key in cls.model_fields}
        options = {key: entry for key, entry in value.items() if key not in cls.model_fields}
        if options:
            given = item.get("options", {})
            item["options"] = {**given, **options} if isinstance(given, Mapping) else options
        return {"name": _metric_name(item.get("metric")), **item}


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
    metrics: ListOf[MetricSpec] = ()
    """Metrics of plugins, each a name or {metric, name, and the plugin's options}; default none."""

    @field_validator("metrics")
    @classmethod
    def _names_differ(cls, metrics: tuple[MetricSpec, ...]) -> tuple[MetricSpec, ...]:
        mistakes = []
        for index, metric in enumerate(metrics):
            if metric.name in (other.name for other in metrics[:index]):
                key = "metric" if metric.name == metric.metric else "name"
                message = f'a metric named "{metric.name}" stands above already'
                mistakes.append(Mistake(message, (index, key), "give one of them another `name`"))
        if mistakes:
            refuse(*mistakes)
        return metrics

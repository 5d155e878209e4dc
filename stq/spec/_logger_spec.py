"""Where a training is told about beside the run's own `metrics.csv`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, field_validator

from stq.spec._section import Mistake, Section, Surroundings, found, refuse
from stq.spec._types import ListOf, OneOf, Text, expect

_OWN = {"tracking_uri": "mlflow", "experiment": "mlflow", "project": "wandb", "entity": "wandb", "mode": "wandb"}
"""Whose each option is."""

_TextOrNull = Annotated[Text | None, expect("a text, or null")]


class LoggerSpec(Section):
    """A logger. Just a name in the spec means that logger with its defaults, which reach no network."""

    name: Annotated[Literal["tensorboard", "mlflow", "wandb", "csv"], OneOf()]
    """tensorboard, mlflow, wandb or csv. Required."""
    tracking_uri: _TextOrNull = None
    """Where mlflow writes: an address, or sqlite:///FILE; default null, a database in the run."""
    experiment: _TextOrNull = None
    """The experiment of mlflow; default null, the spec's name."""
    project: _TextOrNull = None
    """The project of wandb; default null, the spec's name."""
    entity: _TextOrNull = None
    """The user or team of wandb; default null, wandb's own."""
    mode: Annotated[Literal["offline", "online"] | None, OneOf()] = None
    """Whether wandb writes into the run alone, to be sent by `wandb sync`, or reports as training goes; default null,
    offline."""

    @field_validator(*_OWN)
    @classmethod
    def _is_an_option_of_it(cls, value: object, around: Surroundings) -> object:
        name, key = around.data.get("name"), str(around.field_name)
        if value is not None and name is not None and _OWN[key] != name:
            mine = ", ".join(option for option, owner in _OWN.items() if owner == name)
            hint = f"{name} has {mine}" if mine else f"{name} has no options"
            refuse(Mistake(f"{key} is an option of {_OWN[key]}, found it beside {name}", hint=hint, on="key"))
        return value


def _as_items(value: object) -> object:
    """A name, a mapping, or a list of either."""
    if value is None:
        return []
    items = value if isinstance(value, list | tuple) else [value]
    return [{"name": item} if isinstance(item, str) else item for item in items]


def _differ(loggers: tuple[LoggerSpec, ...]) -> tuple[LoggerSpec, ...]:
    names = [logger.name for logger in loggers]
    repeated = [index for index, name in enumerate(names) if name in names[:index]]
    if repeated:
        refuse(*(Mistake(f"{found(names[index])} stands in the list twice", (index,)) for index in repeated))
    return loggers


Loggers = Annotated[ListOf[LoggerSpec], AfterValidator(_differ), BeforeValidator(_as_items)]

"""The search for settings that a spec brings along."""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema

from stq.spec._frozen_dict import FrozenDict
from stq.spec._search import HINT, RANGE, Dimension, dimension_of
from stq.spec._section import Mistake, Section, refuse
from stq.spec._types import Count, Flag, WholeNumber, expect

_RANGE: JsonSchemaValue = {"type": "string", "pattern": f"^{re.sub(r'[?]P<[a-z]+>', '', RANGE)}$"}
_CHOICES: JsonSchemaValue = {"type": "array", "minItems": 2}


def _frozen(value: object) -> object:
    """A range as written, or what a list holds."""
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return FrozenDict({key: _frozen(entry) for key, entry in value.items()}) if isinstance(value, dict) else value


def _readable(over: dict[str, object]) -> dict[str, object]:
    """Raises every mistake, each at its range."""
    read = {key: dimension_of(key, values) for key, values in over.items()}
    mistakes = [
        replace(mistake, path=(key,), hint=f"for example {HINT.replace('=', ': ')}")
        for key, mistake in read.items()
        if isinstance(mistake, Mistake)
    ]
    if mistakes:
        refuse(*mistakes)
    return FrozenDict(over)


_Key = Annotated[str, Field(pattern=r"^[^\s=]+$"), expect("a key of the spec, such as optim.lr")]
_Values = Annotated[object, BeforeValidator(_frozen), WithJsonSchema({"anyOf": [_RANGE, _CHOICES]})]


class TuneSpec(Section):
    """What `stq tune` searches, and how, where its arguments say nothing else. No other command looks at it."""

    over: Annotated[dict[_Key, _Values], AfterValidator(_readable)] = FrozenDict()
    """What to vary, {key: range}: `optim.lr: log:1e-4..1e-2`, `data.history: 2..6` for whole numbers, or a list of
    values. `--over` adds to it, and wins for the same key. Default {}, all of it from `--over`."""
    trials: Count = 20
    """How many trials there are to be; default 20."""
    seed: WholeNumber = 0
    """Seed of the suggestions; default 0."""
    prune: Flag = True
    """Whether a trial that falls behind is given up; default true."""

    def space(self) -> tuple[Dimension, ...]:
        """The ranges, in their order."""
        read = (dimension_of(key, values) for key, values in self.over.items())
        return tuple(dimension for dimension in read if isinstance(dimension, Dimension))

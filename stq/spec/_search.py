"""What a search may vary: a key of the spec, and the values that it may take."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stq.errors import Problem, SpecError
from stq.spec._section import Mistake, found
from stq.spec._source import Source, Span
from stq.spec._yaml import read_yaml

_ARGUMENT = re.compile(r"(?P<key>[^\s=]+)=(?P<values>.*\S.*)", re.DOTALL)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RANGE = rf"(?P<log>log:)?(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})"
_LONGEST = 400
"""Characters of the longest range."""
HINT = "optim.lr=log:1e-4..1e-2, model.dropout=0.0..0.5, data.history=2..6, or model.hidden=[[16], [24]]"


@dataclass(frozen=True)
class Dimension:
    """One key: numbers from `low` to `high` (whole ones, or evenly over their logarithm), or the texts of `choices`."""

    key: str
    kind: Literal["number", "whole", "choice"]
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[str, ...] = ()

    def ends(self) -> tuple[str, ...]:
        """The `--set` arguments that have to be right, for all in between to be."""
        if self.kind == "choice":
            return tuple(self.setting(choice) for choice in self.choices)
        whole = self.kind == "whole"
        return tuple(self.setting(int(end) if whole else end) for end in (self.low, self.high))

    def setting(self, value: float | str) -> str:
        """The `--set` argument for a value of this dimension."""
        return f"{self.key}={value}"


def dimension_of(key: str, values: object) -> Dimension | Mistake:
    """What a spec says under `tune.over`: a range as a text, or a list to choose from."""
    if isinstance(values, str) and (bounds := re.fullmatch(RANGE, values.strip())) is not None:
        return _between(key, bounds)
    if isinstance(values, list | tuple) and len(values) > 1:
        return _among(key, values)
    return Mistake(f"expected LOW..HIGH, or a list of two values or more to choose from, found {found(values)}")


def parse_dimension(argument: str) -> Dimension:
    """`KEY=LOW..HIGH`, `KEY=log:LOW..HIGH` (whole numbers where both ends are), or `KEY=[VALUE, VALUE, ...]`.

    Raises SpecError with the argument and a caret.
    """
    source = Source("--over", argument, is_argument=True)
    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        raise _error(source, 0, argument, "expected KEY=LOW..HIGH or KEY=[VALUE, ...]")
    start, values = match.start("values"), match["values"].strip()
    written: object = values
    if re.fullmatch(RANGE, values) is None:
        node, problems = read_yaml(source, " " * start + match["values"])
        if problems:
            raise SpecError(problems)
        written = node.plain()
    dimension = dimension_of(match["key"], written)
    if isinstance(dimension, Mistake):
        raise _error(source, start, values, dimension.message)
    return dimension


def _among(key: str, values: Sequence[object]) -> Dimension:
    return Dimension(key, "choice", choices=tuple(dict.fromkeys(json.dumps(value) for value in values)))


def _between(key: str, bounds: re.Match[str]) -> Dimension | Mistake:
    if len(bounds[0]) > _LONGEST:
        return Mistake(f"expected numbers of at most {_LONGEST} characters together")
    low, high, log = float(bounds["low"]), float(bounds["high"]), bounds["log"] is not None
    whole = all(re.fullmatch(r"[+-]?\d+", bounds[end]) for end in ("low", "high"))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return Mistake(f"expected the lower end first, found {bounds['low']}..{bounds['high']}")
    if log and low <= 0:
        return Mistake(f"a logarithm needs ends above 0, found {bounds['low']}")
    return Dimension(key, "whole" if whole else "number", low, high, log)


def _error(source: Source, start: int, text: str, message: str) -> SpecError:
    span = Span(source, 0, start, len(text))
    return SpecError([Problem((), message, f"for example --over {HINT}", span.where, span.excerpt)])

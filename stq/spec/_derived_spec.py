"""Variables computed from others, and a mask: expressions that are read here and computed where the data is."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stq.expressions import ExpressionError, names_in, parse_condition, parse_number
from stq.spec._frozen_dict import FrozenDict
from stq.spec._section import TEXT, Mistake, Section, refuse
from stq.spec._types import SetOf, Text, expect


def _checked(parse: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            parse(text)
        except ExpressionError as error:
            refuse(Mistake(error.message, hint=error.hint, part=(error.offset, error.length)))
        return text

    return AfterValidator(check)


class DerivedSpec(Section):
    """A variable computed from others. Just an expression in the spec means one without units."""

    short_form = TEXT

    expr: Annotated[Text, _checked(parse_number)]
    """Arithmetic of variables: + - * / **, numbers, abs, sqrt, exp, log, log10, log1p, minimum, maximum,
    where(condition, a, b)."""
    units: Annotated[str, expect("a text")] = ""
    """Units of the result; default none."""

    @model_validator(mode="before")
    @classmethod
    def _from_expression(cls, value: object) -> object:
        return {"expr": value} if isinstance(value, str) else value


class MaskSpec(Section):
    """Where values count. Elsewhere they are missing: filled for the network, and in no loss and no score."""

    where: Annotated[Text, _checked(parse_condition)]
    """Condition on variables: comparisons, `in [4, 5]`, and, or, not. Where it is open, since a value is missing, it
    does not hold."""
    variables: Annotated[SetOf[Text], Field(min_length=1)] | None = None
    """Variables that it is put on; default null, all."""


def in_order(derived: FrozenDict[str, DerivedSpec]) -> FrozenDict[str, DerivedSpec]:
    """Refuse variables that are computed from themselves, over however many steps."""
    needs = {name: {item.name for item in names_in(spec.expr)} & derived.keys() for name, spec in derived.items()}
    while ready := [name for name, needed in needs.items() if not needed & needs.keys()]:
        for name in ready:
            del needs[name]
    if needs:
        mistakes = []
        for name in needs:
            item = next(item for item in names_in(derived[name].expr) if item.name in needs)
            part = (item.offset, len(item.name))
            mistakes.append(Mistake(f'"{name}" is computed from itself', (name, "expr"), part=part))
        refuse(*mistakes)
    return derived

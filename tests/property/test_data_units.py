"""Conversions are exact, undo each other, and agree with what is in every table."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stq.data._field_store import FieldsInMemory
from stq.data._units import _SCALES, ConvertedFields, conversion, same_unit

UNITS = st.sampled_from(sorted(_SCALES))


@given(UNITS, UNITS, UNITS, st.fractions(min_value=-1000, max_value=1000))
def test_a_way_round_and_a_way_back_end_where_they_began(a: str, b: str, c: str, value: Fraction) -> None:
    there, on, direct = conversion(a, b), conversion(b, c), conversion(a, c)
    if there is None or on is None:
        return
    assert direct is not None
    assert on.factor * (there.factor * value + there.offset) + on.offset == direct.factor * value + direct.offset
    back = conversion(b, a)
    assert back is not None
    assert back.factor * (there.factor * value + there.offset) + back.offset == value


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("degC", "K", 0, "273.15"),
        ("°C", "kelvin", -40, "233.15"),
        ("degF", "degC", 212, "100"),
        ("hPa", "Pa", 1013, "101300"),
        ("mbar", "hPa", 5, "5"),
        ("mm", "m", 1, "0.001"),
        ("kg m-2", "mm", 7, "7"),
        ("%", "1", 50, "0.5"),
        ("km h-1", "m s-1", 36, "10"),
        ("g/kg", "kg kg-1", 3, "0.003"),
    ],
)
def test_known_values_convert_as_everybody_knows(source: str, target: str, value: int, expected: str) -> None:
    found = conversion(source, target)
    assert found is not None
    assert found.factor * value + found.offset == Fraction(expected)


def test_what_is_not_known_is_not_converted() -> None:
    assert conversion("K", "m") is None
    assert conversion("DU", "K") is None
    assert conversion("", "K") is None
    assert same_unit("Celsius", "degC")
    assert not same_unit("", "K")


@given(st.floats(-60, 60, width=32))
def test_fields_are_converted_in_double_precision_and_no_other_variable_is_touched(value: float) -> None:
    stored = np.full((2, 2, 1, 1), value, dtype=np.float32)
    fields = ConvertedFields(FieldsInMemory(stored), (None, conversion("degC", "K")))
    found = fields.read(np.array([0, 1]), fields.whole)
    assert (found[:, 0] == np.float32(value)).all()
    assert (found[:, 1] == np.float32(np.float64(np.float32(value)) + 273.15)).all()
    assert (fields.read(np.array([0]), fields.whole, slice(1, 2)) == found[:1, 1:]).all()
    assert (stored == np.float32(value)).all()

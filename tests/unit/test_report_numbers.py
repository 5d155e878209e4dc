"""Numbers in tables: aligned, with the digits that mean something."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from stq.report._numbers import aligned, percent, share, significant, steady

SIZES = st.floats(min_value=1e-2, max_value=1e4)


@settings(max_examples=50)
@given(st.lists(SIZES | SIZES.map(lambda v: -v), min_size=1, max_size=6))
def test_a_column_has_one_number_of_decimals_and_loses_little(values: list[float]) -> None:
    texts = aligned(values)
    assert len({len(text.partition(".")[2]) for text in texts}) == 1
    largest = max(map(abs, values))
    assert all(abs(float(text) - value) <= 0.005 * largest for text, value in zip(texts, values, strict=True))


def test_the_smallest_number_of_a_column_shows_three_digits() -> None:
    assert aligned([6.504, 18.72, 0.0]) == ["6.50", "18.72", "0.00"]
    assert aligned([285.31, 1013.2]) == ["285", "1013"]
    assert aligned([0.00021, 0.00034]) == ["2.10e-04", "3.40e-04"]


def test_what_is_absent_or_not_a_number_is_said() -> None:
    assert aligned([1.0, None, math.nan]) == ["1.00", "-", "nan"]
    assert (significant(None), share(None), steady(None)) == ("-", "-", "-")


def test_an_exact_zero_is_a_bare_zero() -> None:
    assert (significant(0.0), share(0.0)) == ("0", "0")
    assert (significant(1e-12), share(1e-4)) == ("1e-12", "0.000")


def test_shares_and_percents_are_short() -> None:
    assert (percent(0.975 - 0.025), percent(0.6220029), share(0.95)) == ("95 %", "62.2 %", "0.950")
    assert steady(1.06) == "1.060"

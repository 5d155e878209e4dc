"""Derived variables and masks: what numpy says, on any slice, with missing values kept missing."""

import math
import pickle

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stq.data import Derived, Mask, UnknownVariable, derive
from stq.expressions import ExpressionError, names_in, parse_condition, parse_number

RNG = np.random.default_rng(0)
SHAPE = (6, 4, 5)
A, B = (RNG.integers(-3, 4, SHAPE).astype(np.float32) for _ in range(2))
A[RNG.random(SHAPE) < 0.2] = np.nan
LAND = np.arange(20, dtype=np.float32).reshape(4, 5)
DATASET = xr.Dataset(
    {"a": (("time", "y", "x"), A, {"units": "K"}), "b": (("time", "y", "x"), B), "land": (("y", "x"), LAND)}
)


def numbers() -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["a", "b", "land", "2", "0.5", "-1", "0"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        called = st.tuples(st.sampled_from(["abs", "sqrt", "log1p", "exp"]), inner).map(lambda t: f"{t[0]}({t[1]})")
        power = inner.map(lambda base: f"({base}) ** 2")
        chosen = st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} > {t[1]}, {t[1]}, {t[2]})")
        return st.one_of(binary, called, power, chosen)

    return st.recursive(leaf, grown, max_leaves=8).filter(lambda text: any(name in text for name in ("a", "b")))


def by_hand(text: str, values: dict[str, float]) -> float:
    """One cell, by Python itself: missing where anything on the way is missing or has no finite value."""

    def finite(value: float) -> float:
        if isinstance(value, complex) or not math.isfinite(value):
            raise ArithmeticError
        return float(value)

    def chosen(test: bool, first: float, second: float) -> float:
        return first if test else second

    class Cell(float):
        """A number whose arithmetic fails where it has no finite value."""

        def __add__(self, other: float) -> "Cell":
            return Cell(finite(float(self) + float(other)))

        def __sub__(self, other: float) -> "Cell":
            return Cell(finite(float(self) - float(other)))

        def __mul__(self, other: float) -> "Cell":
            return Cell(finite(float(self) * float(other)))

        def __truediv__(self, other: float) -> "Cell":
            return Cell(finite(float(self) / float(other)))

        def __pow__(self, other: float) -> "Cell":
            return Cell(finite(float(self) ** float(other)))

        __radd__, __rmul__ = __add__, __mul__

        def __rsub__(self, other: float) -> "Cell":
            return Cell(other) - self

        def __rtruediv__(self, other: float) -> "Cell":
            return Cell(other) / self

        def __neg__(self) -> "Cell":
            return Cell(-float(self))

    functions = {"abs": abs, "sqrt": math.sqrt, "log1p": math.log1p, "exp": math.exp}
    called = {name: lambda x, f=function: Cell(finite(f(x))) for name, function in functions.items()}
    return eval(text, {"__builtins__": {}}, {**called, "where": chosen, **{k: Cell(v) for k, v in values.items()}})


@settings(max_examples=40)
@given(numbers(), st.integers(0, 5), st.integers(0, 3), st.integers(0, 4))
def test_a_derived_value_is_what_the_expression_says_of_that_cell(text: str, step: int, row: int, column: int) -> None:
    try:
        parse_number(text)
    except ExpressionError:
        return
    found = derive(DATASET, (Derived("c", text),), None, "here")["c"]
    value = float(found.isel({"time": step, "y": row, "x": column} if found.ndim == 3 else {"y": row, "x": column}))
    cell = {"a": float(A[step, row, column]), "b": float(B[step, row, column]), "land": float(LAND[row, column])}
    if "where" in text:  # Python computes both ways of it, and calls a comparison with nothing false
        return
    if any(math.isnan(cell[item.name]) for item in names_in(text)):
        assert math.isnan(value)
        return
    try:
        wanted = by_hand(text, cell)
    except (ArithmeticError, ValueError):
        assert math.isnan(value)
    else:
        assert value == pytest.approx(wanted, rel=1e-12)


@settings(max_examples=40)
@given(numbers(), st.integers(0, 4), st.integers(0, 2))
def test_a_slice_of_the_derived_is_the_derived_of_the_slice(text: str, step: int, row: int) -> None:
    try:
        parse_number(text)
    except ExpressionError:
        return
    computed = (Derived("c", text), Derived("d", "c + 1", "m"))
    mask = Mask("b > -2 and not c == 0")
    place = {"time": slice(step, step + 2), "y": slice(row, row + 2), "x": [0, 3]}
    whole = derive(DATASET, computed, mask, "here").isel(place)
    part = derive(DATASET.isel(place), computed, mask, "here")
    for name in ("a", "b", "c", "d"):
        np.testing.assert_array_equal(whole[name].values, part[name].values)
    assert part["d"].attrs["units"] == "m"


SCL = np.array([4, 5, 9, np.nan, 7], dtype=np.float32)
ONE = xr.Dataset({"SCL": (("time",), SCL), "v": (("time",), np.array([1, 2, 3, 4, np.nan], dtype=np.float32))})


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("SCL in [4, 5, 7]", [0, 1, 4]),
        ("SCL not in [4, 5]", [2, 4]),
        ("not SCL in [4, 5]", [2, 4]),
        ("4 < SCL <= 7", [1, 4]),
        ("SCL == 4 or v > 2", [0, 2, 3]),
        ("SCL > 4 and v > 2", [2]),
        ("not (SCL == 4 and v < 2)", [1, 2, 3, 4]),
        ("SCL >= 0", [0, 1, 2, 4]),
        ("SCL - 4 < minimum(v, 2) ** 2", [0, 1]),
    ],
)
def test_a_mask_keeps_where_its_condition_is_known_to_hold(condition: str, kept: list[int]) -> None:
    data = ONE.assign(w=(("time",), np.arange(5.0)))
    masked = derive(data, (), Mask(condition, ("w",)), "here")["w"].values
    assert np.flatnonzero(np.isfinite(masked)).tolist() == kept
    np.testing.assert_array_equal(masked[kept], np.arange(5.0)[kept])


def test_a_mask_is_on_all_that_have_its_axes_and_on_the_derived() -> None:
    masked = derive(DATASET, (Derived("c", "a + b"),), Mask("b == 1"), "here")
    for name in ("a", "b", "c"):
        assert np.isnan(masked[name].values[B != 1]).all()
    assert masked["a"].attrs["units"] == "K"
    np.testing.assert_array_equal(masked["land"].values, LAND)


def test_where_with_an_open_condition_is_missing_and_not_the_second_choice() -> None:
    found = derive(ONE, (Derived("c", "where(SCL > 4, 1, 0)"),), None, "here")["c"].values
    np.testing.assert_array_equal(found, [0, 1, 1, np.nan, 1])
    assert np.isnan(derive(ONE, (Derived("c", "SCL ** 0"),), None, "here")["c"].values[3])
    assert np.isnan(derive(ONE, (Derived("c", "minimum(1 / (SCL - 4), 5)"),), None, "here")["c"].values[0])


def test_derived_variables_build_on_each_other_in_any_order_and_read_only_what_is_indexed() -> None:
    computed = (Derived("e", "d - c"), Derived("d", "c * 2"), Derived("c", "land + a"))
    found = derive(DATASET, computed, None, "here")["e"]
    assert found.dims == ("time", "y", "x")
    np.testing.assert_array_equal(found.isel(time=2, x=slice(1, 3)).values, (LAND + A)[2, :, 1:3])
    assert pickle.loads(pickle.dumps(computed)) == computed


def test_an_unknown_name_says_where_it_stands() -> None:
    with pytest.raises(UnknownVariable) as caught:
        derive(DATASET, (Derived("c", "a + lnd"),), None, "here")
    assert (caught.value.key, caught.value.offset, caught.value.length) == (("data", "derived", "c", "expr"), 4, 3)
    assert 'did you mean "land"' in str(caught.value)


REFUSED = ["__import__('os')", "a.b", "a[0]", "(lambda: 1)()", "[x for x in a]", "a if b else c", "f'{a}'", "a := 1"]
REFUSED += [
    "'a'",
    "a @ b",
    "a % b",
    "a // b",
    "a << 9",
    "~a",
    "True + a",
    "1j * a",
    "print(a)",
    "abs(a, b)",
    "log(x=a)",
]
REFUSED += [
    "abs(*a)",
    "1 + 2",
    "",
    " ",
    "a b",
    "(" * 300 + "a",
    "-" * 3000 + "a",
    "a" * 2001,
    "a\x00",
    "where(a, 1, 2)",
]
REFUSED += ["a > 1", "not a", "await a", "yield a", "...", "None", "{a}", "a,"]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_arithmetic_is_refused_at_a_place_in_the_text(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_number(text)
    assert 0 <= caught.value.offset <= len(text)
    assert caught.value.length >= 0


@pytest.mark.parametrize(
    "text", ["a", "a in b", "a in [b]", "a in []", "a is 1", "a & b > 1", "a > 1 | b > 2", "1 > 2", "a in [1, 'b']"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_condition(text)


@settings(max_examples=40)
@given(st.text(max_size=30))
def test_no_text_is_worse_than_refused(text: str) -> None:
    for parse in (parse_number, parse_condition):
        try:
            parse(text)
        except ExpressionError as error:
            offset = error.offset
        else:
            offset = 0
        assert 0 <= offset <= len(text)


def test_numbers_too_large_to_hold_are_missing_and_take_no_time() -> None:
    found = derive(ONE, (Derived("c", "v * 9 ** 9 ** 9 ** 9"),), None, "here")["c"].values
    assert np.isnan(found).all()

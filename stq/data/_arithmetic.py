"""The numbers behind an expression (`stq.expressions`), with missing values kept missing."""

import ast
from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

Values = Mapping[str, np.ndarray]

_OPERATORS: dict[type[ast.operator], Callable[..., np.ndarray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "minimum": np.minimum,
    "maximum": np.maximum,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[..., np.ndarray]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


def number(tree: ast.expr, values: Values) -> np.ndarray:
    """The value of a checked tree, in double precision; the values are arrays of one axis or more.

    Missing where an operand is, and where there is no finite value: a division by zero, the logarithm of a negative
    number. (Plain floating point would call `x ** 0` of a missing x 1, and the least of 1 / 0 and 5 five.)
    """
    with np.errstate(all="ignore"):
        return _number(tree, values)


def condition(tree: ast.expr, values: Values) -> np.ndarray:
    """1 where a checked condition holds, 0 where not, NaN where a missing value leaves it open (Kleene's logic)."""
    with np.errstate(all="ignore"):
        return _condition(tree, values)


def _number(node: ast.expr, values: Values) -> np.ndarray:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=value):
            return np.array([value], dtype=np.float64)  # of one axis, or arithmetic would make numpy's scalars of it
        case ast.UnaryOp(op=op, operand=operand):
            found = _number(operand, values)
            return -found if isinstance(op, ast.USub) else found
        case ast.BinOp(left=left, op=op, right=right):
            return _finite(_OPERATORS[type(op)], _number(left, values), _number(right, values))
        case ast.Call(func=ast.Name(id="where"), args=[test, first, second]):
            holds = _condition(test, values)
            chosen = np.where(holds == 1, _number(first, values), _number(second, values))
            return np.where(np.isnan(holds), np.nan, chosen)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _finite(_FUNCTIONS[name], *(_number(argument, values) for argument in arguments))
    raise TypeError(f"not a checked expression: {ast.dump(node)}")


def _finite(function: Callable[..., np.ndarray], *operands: np.ndarray) -> np.ndarray:
    result = function(*operands)
    known = reduce(np.logical_and, (np.isfinite(operand) for operand in operands))
    return np.where(known & np.isfinite(result), result, np.nan)


def _condition(node: ast.expr, values: Values) -> np.ndarray:
    match node:
        case ast.BoolOp(op=op, values=parts):
            found = [_condition(part, values) for part in parts]
            deciding = 0.0 if isinstance(op, ast.And) else 1.0
            decided = reduce(np.logical_or, (part == deciding for part in found))
            open_ = reduce(np.logical_or, (np.isnan(part) for part in found))
            return np.where(decided, deciding, np.where(open_, np.nan, 1 - deciding))
        case ast.UnaryOp(operand=operand):
            return 1 - _condition(operand, values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            here, found = _number(left, values), []
            for comparison, other in zip(ops, others, strict=True):
                found.append(_compared(here, comparison, other, values))
                here = here if isinstance(comparison, ast.In | ast.NotIn) else _number(other, values)
            return reduce(_both, found)
    raise TypeError(f"not a checked condition: {ast.dump(node)}")


def _both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    open_ = np.isnan(one) | np.isnan(other)
    return np.where((one == 0) | (other == 0), 0.0, np.where(open_, np.nan, 1.0))


def _compared(here: np.ndarray, op: ast.cmpop, other: ast.expr, values: Values) -> np.ndarray:
    if isinstance(op, ast.In | ast.NotIn):
        listed = [_number(element, values) for element in getattr(other, "elts", ())]
        inside = reduce(np.logical_or, (here == element for element in listed))
        return np.where(np.isnan(here), np.nan, inside == isinstance(op, ast.In))
    there = _number(other, values)
    return np.where(np.isnan(here) | np.isnan(there), np.nan, _COMPARISONS[type(op)](here, there))

"""Arithmetic and conditions over variables, as a spec writes them: read, checked, and never executed as Python.

    number      name | 1.5 | number + - * / ** number | - number | function(number, ...) | where(condition, a, b)
    condition   number == != < <= > >= number | number in [1, 2] | condition and, or condition | not condition

Python's own parser reads the text; whatever is not in this grammar is refused at its place. Computing is left to who
has the numbers (`stq.data`).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stq.errors import did_you_mean

FUNCTIONS = {"abs": 1, "sqrt": 1, "exp": 1, "log": 1, "log10": 1, "log1p": 1, "minimum": 2, "maximum": 2, "where": 3}
"""How many arguments each function takes."""
LONGEST = 2000
"""Characters of the longest expression that is read."""
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class ExpressionError(ValueError):
    """What is wrong with an expression: `length` characters from `offset` on."""

    def __init__(self, message: str, offset: int, length: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.length, self.hint = message, offset, length, hint


@dataclass(frozen=True)
class Name:
    """A variable that an expression reads, and where it first stands."""

    name: str
    offset: int


def parse_number(text: str) -> ast.expr:
    """The tree of an expression that gives a number. Raises ExpressionError."""
    tree = _parse(text)
    _Check(text).number(tree)
    _refuse_constant(tree, text)
    return tree


def parse_condition(text: str) -> ast.expr:
    """The tree of an expression that is true or not. Raises ExpressionError."""
    tree = _parse(text)
    _Check(text).condition(tree)
    _refuse_constant(tree, text)
    return tree


def names_in(text: str) -> tuple[Name, ...]:
    """The variables of an expression that has been parsed before, each once."""
    found: dict[str, Name] = {}
    for name in _names(_parse(text)):
        found.setdefault(name.id, Name(name.id, _place(text, name)[0]))
    return tuple(found.values())


@lru_cache(maxsize=256)
def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ExpressionError(f"expected an expression of at most {LONGEST} characters, found {len(text)}", 0, 1)
    try:
        return ast.parse(_flat(text), mode="eval").body
    except SyntaxError as error:
        offset = min(max((error.offset or 1) - 1 + _lead(text), 0), max(len(text) - 1, 0))
        hint = "for example (nir - red) / (nir + red)"
        raise ExpressionError("expected an arithmetic of variables, found something else", offset, 1, hint) from None
    except (ValueError, MemoryError, RecursionError):
        message = "expected an arithmetic of variables, found one that can't be read"
        raise ExpressionError(message, 0, len(text)) from None


def _flat(text: str) -> str:
    return " ".join(text.lstrip().splitlines())


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip())


def _place(text: str, node: ast.expr) -> tuple[int, int]:
    """Offset and length in characters; Python counts bytes."""
    flat = _flat(text).encode()
    offset = len(flat[: node.col_offset].decode())
    return offset + _lead(text), max(1, len(flat[node.col_offset : node.end_col_offset].decode()))


def _names(node: ast.AST) -> Iterator[ast.Name]:
    """Variables; the name of a function is none."""
    if isinstance(node, ast.Name):
        yield node
    for child in node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node):
        yield from _names(child)


def _refuse_constant(tree: ast.expr, text: str) -> None:
    if not any(True for _ in _names(tree)):
        raise ExpressionError("expected at least one variable, found none", 0, len(text))


@dataclass(frozen=True)
class _Check:
    """Walks a tree and refuses what is not in the grammar."""

    text: str

    def number(self, node: ast.expr) -> None:
        """Refuse what is no number."""
        match node:
            case ast.Name():
                pass
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                pass
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ARITHMETIC):
                self.number(left)
                self.number(right)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self.number(operand)
            case ast.Call():
                self.call(node)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                raise self.error(node, "a condition is no number", "where(condition, 1, 0) makes one of it")
            case _:
                known = f"there are + - * / **, numbers, variables, and {', '.join(FUNCTIONS)}"
                raise self.error(node, "this can't stand in an expression", known)

    def condition(self, node: ast.expr) -> None:
        """Refuse what is no condition."""
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self.condition(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand)
            case ast.Compare(left=left, ops=ops, comparators=others):
                self.number(left)
                for op, other in zip(ops, others, strict=True):
                    self.compared(op, other)
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                raise self.error(node, "& and | are not known here", "write and, or")
            case _:
                raise self.error(node, "expected a condition", "for example SCL in [4, 5] or ndvi > 0.2")

    def compared(self, op: ast.cmpop, other: ast.expr) -> None:
        """The right side of one comparison."""
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(other, ast.List | ast.Tuple | ast.Set) or not other.elts:
                raise self.error(other, "expected a list of numbers after in", "for example in [4, 5]")
            for element in other.elts:
                if any(True for _ in _names(element)):
                    raise self.error(element, "expected a number in the list", "for example in [4, 5]")
                self.number(element)
        elif isinstance(op, _COMPARISONS):
            self.number(other)
        else:
            raise self.error(other, "expected one of == != < <= > >= in, not in before this")

    def call(self, node: ast.Call) -> None:
        """A function with its arguments."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            hint = did_you_mean(name, FUNCTIONS) if name else ""
            raise self.error(node.func, "no such function", hint or f"there are {', '.join(FUNCTIONS)}")
        if node.keywords or len(node.args) != FUNCTIONS[name]:
            wanted = "1 argument" if FUNCTIONS[name] == 1 else f"{FUNCTIONS[name]} arguments"
            given = "by name" if node.keywords else len(node.args)
            raise self.error(node, f"{name} takes {wanted}, found {given}")
        for index, argument in enumerate(node.args):
            (self.condition if name == "where" and index == 0 else self.number)(argument)

    def error(self, node: ast.expr, message: str, hint: str = "") -> ExpressionError:
        """An error at the node."""
        return ExpressionError(message, *_place(self.text, node), hint)

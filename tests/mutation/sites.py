"""The places of a module where a mutant differs from it, and what it has there instead.

Left alone: docstrings, annotations, decorators, text, what a `raise` says, assertions (they are for the type checker),
`if TYPE_CHECKING`, and `strict=` of zip, which no sound program notices.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "sum": "mean",
    "mean": "sum",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
}
"""Functions and methods, and those that a mutant calls instead; `sum` alone, the built-in, has no mean."""


@dataclass(frozen=True)
class Home:
    """What a site belongs to: a function, a default of one, or a name that a module or a class binds."""

    kind: str
    function: str
    name: str = ""


@dataclass(frozen=True)
class Site:
    """One place: `change()` alters the tree that it was found in. `lines` are those that run if it does."""

    home: Home
    operator: str
    lines: tuple[int, int]
    was: str
    change: Callable[[], str]
    """Returns what then stands there instead of `was`."""
    undo: Callable[[], None]


def sites_of(tree: ast.Module) -> list[Site]:
    """All sites, in the order of the text: the same for the same text."""
    used = {name for statement in tree.body for name in _read_at_import(statement)}
    return [site for site in _body(tree.body, Home("module", ""), ()) if site.home.name not in used]


def _read_at_import(statement: ast.stmt) -> set[str]:
    """The names that other constants of a module are made of: a change of one would come too late for these."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return set()
    return {part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def _body(body: list[ast.stmt], home: Home, classes: tuple[str, ...]) -> Iterator[Site]:
    for index, statement in enumerate(body):
        if index == 0 and _is_text(statement):
            continue
        if isinstance(statement, ast.FunctionDef):
            yield from _function(statement, home, classes)
        elif isinstance(statement, ast.ClassDef):
            names = (*classes, statement.name)
            inside = home if home.kind == "function" else Home("class", ".".join(names))
            yield from _body(statement.body, inside, names)
        elif home.kind == "function":
            yield from _statement(body, index, home, classes)
        else:
            yield from _binding(statement, home)


def _function(node: ast.FunctionDef, home: Home, classes: tuple[str, ...]) -> Iterator[Site]:
    outer = home if home.kind == "function" else Home("function", ".".join((*classes, node.name)))
    for values in () if _is_stub(node) else (node.args.defaults, node.args.kw_defaults):
        for index, value in enumerate(values):
            if isinstance(value, ast.Constant | ast.UnaryOp):
                default = outer if home.kind == "function" else Home("default", outer.function)
                shown = ast.List(values, ast.Load())
                yield from _expression(values, index, default, (value.lineno, value.lineno), shown)
    yield from _body(node.body, outer, classes)


def _binding(statement: ast.stmt, home: Home) -> Iterator[Site]:
    """A constant of a module or a class."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value and isinstance(target, ast.Name):
        bound = Home(home.kind, home.function, target.id)
        plain = all(isinstance(part, _PLAIN) for part in ast.walk(statement.value))
        if plain and target.id != "__all__":
            yield from _expression(statement, "value", bound, (statement.lineno, statement.lineno), statement)


_PLAIN = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.operator, ast.unaryop, ast.expr_context)


def _statement(body: list[ast.stmt], index: int, home: Home, classes: tuple[str, ...]) -> Iterator[Site]:
    node = body[index]
    lines = (node.lineno, node.lineno)
    if isinstance(node, ast.Assert | ast.Raise | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield _replacing(body, index, lambda: ast.copy_location(ast.Pass(), node), home, "remove call", lines)
    if isinstance(node, ast.Return) and node.value is not None and not _is_constant(node.value, None):
        nothing = ast.copy_location(ast.Constant(None), node.value)
        yield _setting(node, "value", nothing, home, "return None", lines, node)
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield _setting(node, "op", ARITHMETIC[type(node.op)](), home, "arithmetic", lines, node)
    if isinstance(node, ast.Break | ast.Continue):
        other = ast.Continue if isinstance(node, ast.Break) else ast.Break
        yield _replacing(body, index, lambda: ast.copy_location(other(), node), home, "loop", lines)
    for name, value in ast.iter_fields(node):
        if name == "annotation":
            continue
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield from _body(value, home, classes)
        elif isinstance(value, list):
            for place, part in enumerate(value):
                if isinstance(part, ast.expr):
                    yield from _expression(value, place, home, lines, node)
                elif isinstance(part, ast.withitem):
                    yield from _expression(part, "context_expr", home, lines, part)
                elif isinstance(part, ast.excepthandler | ast.match_case):
                    yield from _body(part.body, home, classes)
        elif isinstance(value, ast.expr):
            yield from _expression(node, name, home, lines, node)


def _expression(
    holder: ast.AST | list, field: str | int, home: Home, lines: tuple[int, int], shown: ast.AST
) -> Iterator[Site]:
    """The sites in one expression. `shown` is what a reader is shown of the change."""
    node = holder[field] if isinstance(field, int) else getattr(holder, field)
    lines = (lines[0], getattr(node, "end_lineno", lines[1]))
    if isinstance(node, ast.JoinedStr) or node is None:
        return

    def instead(make: Callable[[], ast.expr], operator: str) -> Site:
        return _putting(holder, field, make, home, operator, lines, shown)

    if field == "test" and not isinstance(node, ast.Constant) and not _is_name(node, "TYPE_CHECKING"):
        choices = (False,) if isinstance(holder, ast.While) else (True, False)
        for choice in choices:
            yield instead(lambda choice=choice: ast.copy_location(ast.Constant(choice), node), f"condition {choice}")
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield _setting(node, "ops", [COMPARISONS[type(node.ops[0])]()], home, "comparison", lines, node)
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _joins_text(node):
        yield _setting(node, "op", ARITHMETIC[type(node.op)](), home, "arithmetic", lines, node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _setting(node, "op", other, home, "and or", lines, node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield instead(lambda: node.operand, "not")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield instead(lambda: node.operand, "sign")
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield _setting(node, "value", _other(node.value), home, "constant", lines, shown)
    elif isinstance(node, ast.Call):
        yield from _call(node, instead, home, lines)
    elif isinstance(node, ast.Slice):
        yield from _slice(node, home, lines, shown)
        return
    yield from _inside(node, home, lines, shown)


def _inside(node: ast.expr, home: Home, lines: tuple[int, int], shown: ast.AST) -> Iterator[Site]:
    if isinstance(node, ast.Call) and _is_name(node.func, "isinstance"):
        return
    shown = node if isinstance(node, ast.Call | ast.Compare | ast.BinOp | ast.Subscript | ast.IfExp) else shown
    for name, value in ast.iter_fields(node):
        for place, part in enumerate(value if isinstance(value, list) else [value]):
            holder, field = (value, place) if isinstance(value, list) else (node, name)
            if isinstance(part, ast.expr):
                yield from _expression(holder, field, home, lines, shown)
            elif isinstance(part, ast.keyword) and part.arg != "strict":
                yield from _expression(part, "value", home, lines, part)
            elif isinstance(part, ast.comprehension):
                yield from _expression(part, "iter", home, lines, shown)
                for index, _test in enumerate(part.ifs):
                    yield from _expression(part.ifs, index, home, lines, shown)
                    yield _putting(part.ifs, index, lambda: ast.Constant(True), home, "condition True", lines, node)


def _call(node: ast.Call, instead: Callable, home: Home, lines: tuple[int, int]) -> Iterator[Site]:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "detach":
        yield instead(lambda: function.value, "detach")
    if isinstance(function, ast.Attribute) and function.attr in NAMES:
        yield _setting(function, "attr", NAMES[function.attr], home, "function", lines, node)
    if isinstance(function, ast.Name) and function.id in NAMES and function.id != "sum":
        yield _setting(function, "id", NAMES[function.id], home, "function", lines, node)


def _slice(node: ast.Slice, home: Home, lines: tuple[int, int], shown: ast.AST) -> Iterator[Site]:
    for name, step in (("lower", ast.Add), ("upper", ast.Sub)):
        bound = getattr(node, name)
        if bound is not None:

            def moved(bound: ast.expr = bound, step: type[ast.operator] = step) -> ast.expr:
                return ast.copy_location(ast.BinOp(bound, step(), ast.Constant(1)), bound)

            yield _putting(node, name, moved, home, "slice", lines, shown)
            if not isinstance(bound, ast.Constant | ast.UnaryOp):
                yield from _expression(node, name, home, lines, shown)


def _putting(
    holder: ast.AST | list,
    field: str | int,
    make: Callable[[], ast.AST],
    home: Home,
    operator: str,
    lines: tuple[int, int],
    shown: ast.AST,
) -> Site:
    """A site that has another node."""
    old = holder[field] if isinstance(field, int) else getattr(holder, field)

    def put(node: ast.AST) -> None:
        if isinstance(field, int):
            holder[field] = node
        else:
            setattr(holder, field, node)

    def change() -> str:
        put(make())
        return _text(shown)

    return Site(home, operator, lines, _text(shown), change, lambda: put(old))


def _setting(
    node: ast.AST, field: str, value: object, home: Home, operator: str, lines: tuple[int, int], shown: ast.AST
) -> Site:
    """A site that is the same node with another field."""
    old = getattr(node, field)

    def change() -> str:
        setattr(node, field, value)
        return _text(shown)

    return Site(home, operator, lines, _text(shown), change, lambda: setattr(node, field, old))


def _replacing(
    body: list[ast.stmt],
    index: int,
    make: Callable[[], ast.stmt],
    home: Home,
    operator: str,
    lines: tuple[int, int],
) -> Site:
    """A site that has another statement."""
    old = body[index]

    def change() -> str:
        body[index] = make()
        return _text(body[index])

    def undo() -> None:
        body[index] = old

    return Site(home, operator, lines, _text(old), change, undo)


def _other(value: bool | int | float) -> bool | int | float:
    """The other truth, a divisor of 1.0 made 0.0, or one more."""
    if isinstance(value, bool):
        return not value
    return 0.0 if isinstance(value, float) and value == 1 else value + 1


def _text(node: ast.AST) -> str:
    """The first line of what a part of a tree says."""
    return ast.unparse(node).split("\n")[0]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_stub(node: ast.FunctionDef) -> bool:
    """Whether it has no code, as in a protocol: nobody calls it, and its defaults are those of a type."""
    return all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in node.body)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_constant(node: ast.AST, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _joins_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )

"""A mutant's code, put into the functions, defaults and constants that are already imported.

Nothing is imported anew: whoever holds a function by its name, a wrapper that checks shapes or a property included,
holds the mutant from then on. For a process that is thrown away afterwards.
"""

import ast
import gc
import inspect
import sys
from collections import defaultdict
from dataclasses import is_dataclass
from types import CodeType, FunctionType
from typing import Any

from mutation.mutant import ROOT, Mutant


class Living:
    """The function objects of stq, by file and name; looked for once, as that takes as long as many a test."""

    def __init__(self) -> None:
        self._functions: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
        ours = f"{ROOT / 'stq'}/"
        for found in gc.get_objects():
            if type(found) is FunctionType and found.__code__.co_filename.startswith(ours):
                self._functions[found.__code__.co_filename, found.__code__.co_qualname].append(found)

    def graft(self, mutant: Mutant) -> None:
        """Change this process. Raises LookupError where nothing that runs stands for the mutant's place."""
        tree = mutant.tree()
        if mutant.home.kind in ("module", "class"):
            _graft_constant(mutant, tree)
            return
        functions = self._functions.get((str(ROOT / mutant.file), mutant.home.function))
        if not functions:
            raise LookupError(f"no function to be seen for {mutant.key}")
        if mutant.home.kind == "function":
            _graft_function(mutant, tree, functions)
        else:
            _graft_default(mutant, tree, functions)


def _graft_function(mutant: Mutant, tree: ast.Module, functions: list[FunctionType]) -> None:
    for function in functions:
        definition = _definition(tree, mutant.home.function, function.__code__.co_firstlineno)
        free = function.__code__.co_freevars
        if free:  # what the mutant leaves out must still be bound, or the code does not fit the function
            names = ast.Tuple([ast.Name(name, ast.Load()) for name in free], ast.Load())
            definition.body.append(ast.If(ast.Constant(False), [ast.Expr(names)], []))
            ast.fix_missing_locations(tree)
    code = compile(tree, str(ROOT / mutant.file), "exec", dont_inherit=True)
    for function in functions:
        new = [part for part in _codes(code) if part.co_qualname == mutant.home.function]
        function.__code__ = min(new, key=lambda part: abs(part.co_firstlineno - function.__code__.co_firstlineno))


def _graft_default(mutant: Mutant, tree: ast.Module, functions: list[FunctionType]) -> None:
    for function in functions:
        given = _definition(tree, mutant.home.function, function.__code__.co_firstlineno).args
        if function.__defaults__:
            old = function.__defaults__
            function.__defaults__ = tuple(_new(node, value) for node, value in zip(given.defaults, old, strict=True))
        for argument, node in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            if node is not None and function.__kwdefaults__:
                function.__kwdefaults__[argument.arg] = _new(node, function.__kwdefaults__[argument.arg])


def _new(node: ast.expr, old: Any) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return old


def _graft_constant(mutant: Mutant, tree: ast.Module) -> None:
    home, module = mutant.home, sys.modules[mutant.file.removesuffix(".py").replace("/", ".")]
    body: list[ast.stmt] = tree.body
    owner: Any = module
    for part in home.function.split(".") if home.kind == "class" else ():
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == part)
        owner = getattr(owner, part)
    value = next(node.value for node in body if _binds(node, home.name))
    code = compile(ast.fix_missing_locations(ast.Expression(value)), mutant.file, "eval")
    old, new = getattr(owner, home.name), eval(code, vars(module))
    setattr(owner, home.name, new)
    if is_dataclass(owner):
        _graft_field(inspect.unwrap(owner.__init__), home.name, new)
    for other in list(sys.modules.values()) if owner is module else ():
        if other.__name__.startswith("stq.") and vars(other).get(home.name) is old:
            setattr(other, home.name, new)


def _graft_field(init: FunctionType, name: str, value: Any) -> None:
    """The default of a field of a dataclass is one of its constructor as well."""
    defaults, count = init.__defaults__ or (), init.__code__.co_argcount
    names = init.__code__.co_varnames[count - len(defaults) : count]
    init.__defaults__ = tuple(value if own == name else old for own, old in zip(names, defaults, strict=True))
    if init.__kwdefaults__ and name in init.__kwdefaults__:
        init.__kwdefaults__[name] = value


def _binds(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _definition(tree: ast.Module, name: str, line: int) -> ast.FunctionDef:
    """The definition of that name that begins nearest to a line: a property and its setter share their name."""
    body: list[ast.stmt] = tree.body
    *classes, last = name.split(".")
    for part in classes:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == part)
    found = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == last]
    return min(found, key=lambda node: abs(node.lineno - line))


def _codes(code: CodeType) -> list[CodeType]:
    inside = [part for part in code.co_consts if isinstance(part, CodeType)]
    return [code, *(deeper for part in inside for deeper in _codes(part))]

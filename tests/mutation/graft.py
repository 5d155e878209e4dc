"""A mutant's code, put into the functions, defaults and constants that are already imported.

Nothing is imported anew: whoever holds a function by its name, a wrapper that checks shapes or a property included,
holds the mutant from then on. For a process that is thrown away afterwards.
"""

import ast
import gc
import sys
from types import CodeType, FunctionType
from typing import Any

from mutation.mutant import ROOT, Mutant


def graft(mutant: Mutant) -> None:
    """Change this process. Raises LookupError where nothing that runs stands for the mutant's place."""
    tree = mutant.tree()
    if mutant.home.kind == "function":
        _graft_function(mutant, tree)
    elif mutant.home.kind == "default":
        _graft_default(mutant, tree)
    else:
        _graft_constant(mutant, tree)


def live_functions(mutant: Mutant) -> list[FunctionType]:
    """Every function object there is that was made of the definition that the mutant changes."""
    path, name = str(ROOT / mutant.file), mutant.home.function
    return [
        found
        for found in gc.get_objects()
        if type(found) is FunctionType and found.__code__.co_filename == path and found.__code__.co_qualname == name
    ]


def _graft_function(mutant: Mutant, tree: ast.Module) -> None:
    functions = live_functions(mutant)
    if not functions:
        raise LookupError(mutant.key)
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


def _graft_default(mutant: Mutant, tree: ast.Module) -> None:
    for function in live_functions(mutant):
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
    for other in list(sys.modules.values()) if owner is module else ():
        if other.__name__.startswith("stq.") and vars(other).get(home.name) is old:
            setattr(other, home.name, new)


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

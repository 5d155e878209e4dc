"""Checks, while tests run, that every array has the shape and the type that a function's annotations promise.

jaxtyping's import hook asks for this of every function there is. Most have no array among their arguments, mypy has
seen to the rest of their types, and a check at each call would take half of the time of all tests: those are left as
they are.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import jaxtyping
from beartype import BeartypeConf, beartype

_checked_by_jaxtyping = jaxtyping.jaxtyped

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""Beartype as the tests use it: an int may stand for a float, as in every type checker."""


def where_arrays_are(function: Any = None, *, typechecker: Callable[..., Any]) -> Any:
    """Stands for `jaxtyping.jaxtyped`: the same check, of whatever has an array in its annotations."""
    if function is None:
        return partial(where_arrays_are, typechecker=typechecker)
    if has_arrays(function):
        return _checked_by_jaxtyping(function, typechecker=typechecker)
    return function


def has_arrays(function: Any) -> bool:
    """Whether an annotation of a function, a dataclass, or what a decorator has made of a method, names an array."""
    plain = getattr(function, "fget", None) or getattr(function, "__func__", None) or function
    plain = getattr(plain, "__wrapped__", plain)
    return any(names_array(annotation) for annotation in getattr(plain, "__annotations__", {}).values())


def names_array(annotation: Any) -> bool:
    """`Float[Tensor, "B C"]`, and whatever has one inside; a name in quotes may be one."""
    if isinstance(annotation, str):
        return "[" in annotation
    if isinstance(annotation, type) and issubclass(annotation, jaxtyping.AbstractArray):
        return True
    return any(names_array(part) for part in get_args(annotation))


jaxtyping.jaxtyped = where_arrays_are

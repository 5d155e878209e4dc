"""What keys the spec has, and where."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from stq.spec._node import Path
from stq.spec._spec import Spec

GATHERED = "options"
"""The field of a loss or a model that is no key: it gathers the keys that the plugin knows."""


def field_names(path: Path) -> tuple[str, ...]:
    """The keys of the section at this place; none where there is no section."""
    kind: Any = Spec
    for step in path:
        kind = _below(kind, step)
    return tuple(key for key in kind.model_fields if key != GATHERED) if _is_section(kind) else ()


def takes_options(path: Path) -> bool:
    """Whether the section at this place has keys that only a plugin knows."""
    kind: Any = Spec
    for step in path:
        kind = _below(kind, step)
    return _is_section(kind) and GATHERED in kind.model_fields


@cache
def home_of(key: str) -> tuple[str, ...]:
    """The sections, in dotted form, that have this key. A seed that stands elsewhere was not meant for a search."""
    return tuple(
        place
        for place, kind in _sections(Spec, "")
        if place and key != GATHERED and key in kind.model_fields and (place, key) != ("tune", "seed")
    )


def _sections(kind: type[BaseModel], place: str) -> list[tuple[str, type[BaseModel]]]:
    sections = [(place, kind)]
    for name, field in kind.model_fields.items():
        below = _strip(field.annotation)
        if _is_section(below):
            sections += _sections(below, f"{place}.{name}" if place else name)
    return sections


def _below(kind: Any, step: str | int) -> Any:
    """The type of the entry under a key or an index."""
    if _is_section(kind):
        field = kind.model_fields.get(step)
        return _strip(field.annotation) if field else None
    if get_origin(kind) in (dict, tuple):
        return _strip(get_args(kind)[1 if get_origin(kind) is dict else 0])
    return None


def _strip(kind: Any) -> Any:
    """The type without its annotations and without null."""
    if get_origin(kind) is Annotated:
        return _strip(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        choices = [choice for choice in get_args(kind) if choice is not type(None)]
        return _strip(choices[0])
    return kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)

"""docs/spec.md: every key of the spec, from the models that read it."""

import collections.abc
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stq.spec import Spec, StaticSpec, field_docs

HEAD = """# The spec

<!-- made by make docs from the models in stq/spec: change their docstrings, not this page -->

Every key that a spec may hold, in the order in which `stq init` writes them. A key that is left out has its default;
only `data.source`, `data.targets` and `losses` have none. Paths are relative to the spec's file. What a wrong key or
value is told, and every other mistake with it, names `file:line:column`. `stq config show SPEC` prints each value in
force and where it came from, and `--set KEY=VALUE` changes one, by the paths below: `--set optim.lr=3e-4`,
`--set losses.ssim.weight=0.1` (items of lists by their name). Options of losses: [losses](losses.md).
"""


def spec_page() -> str:
    """The page as it ought to stand in docs/."""
    found = list(sections(Spec, ""))
    contents = "\n".join(f"- [`{place}`](#{anchor(place)})" for place, _ in found if place)
    body = "\n".join(section(place, kind) for place, kind in found)
    return f"{HEAD}\n{contents}\n\n{body}"


def sections(kind: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """A section and all below it, each with the path that leads to it."""
    yield place, kind
    for name, field in kind.model_fields.items():
        below, many = section_in(field.annotation)
        if below is not None:
            path = f"{place}.{name}" if place else name
            yield from sections(below, path + many)


def section_in(kind: Any) -> tuple[type[BaseModel] | None, str]:
    """The section that a type holds, and how an entry of a list or of a mapping of them is written."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, ""
    many = {dict: ".NAME", tuple: "[]"}.get(get_origin(kind), "")  # type: ignore[arg-type]
    for inner in get_args(kind):
        below, more = section_in(inner)
        if below is not None:
            return below, many + more
    return None, ""


def anchor(place: str) -> str:
    """Where the heading of a section is linked to."""
    return "".join(letter for letter in place.lower() if letter.isalnum() or letter in "_-")


def section(place: str, kind: type[BaseModel]) -> str:
    """One section: what it is for, and a row for every key."""
    rows = []
    for name, field in kind.model_fields.items():
        path = f"{place}.{name}" if place else name
        written = f"`{place}.<option>`" if name == "options" else f"`{path}`"
        words = "text, number or list" if name == "options" else type_of(field, path)
        cells = (written, words, default_of(field), field_docs(kind)[name])
        rows.append("| " + " | ".join(" ".join(text.split()).replace("|", "\\|") for text in cells) + " |")
    heading = f"## {place}" if place else "## The whole spec"
    about = (kind.__doc__ or "").replace("\n    ", "\n").strip()
    return "\n".join([heading, "", about, "", "| key | type | default | meaning |", "|---|---|---|---|", *rows, ""])


def type_of(field: FieldInfo, path: str) -> str:
    """What may stand there, in words."""
    kind: Any = field.annotation
    below, many = section_in(kind)
    if below is not None:
        words = f"[{'sections' if many == '[]' else 'section'}](#{anchor(path + many)})"
        words = {"[]": f"list of {words}", ".NAME": f"mapping from name to {words}"}.get(many, words)
        short = "name or " if below is StaticSpec and not many else ""
        return short + words + (" or null" if type(None) in get_args(kind) else "")
    return words_for(Annotated[(kind, *field.metadata)] if field.metadata else kind)


def words_for(kind: Any, limits: tuple[object, ...] = ()) -> str:
    """A type in words, with the limits that its annotations set."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return words_for(inner[0], (*limits, *inner[1:]))
    if origin is Literal:
        return ", ".join("null" if word is None else f"`{word}`" for word in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(words_for(each, limits if each is not type(None) else ()) for each in inner)
    if origin is tuple:
        each = words_for(inner[0])
        return f"list of {each}" if Ellipsis in inner else f"[{', '.join([each] * len(inner))}]"
    if origin in (dict, collections.abc.Mapping):
        return f"mapping from name to {words_for(inner[1])}"
    if kind is type(None):
        return "null"
    words = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}
    return words.get(kind, "text, number or list") + bounds(limits)


def bounds(limits: tuple[object, ...]) -> str:
    """The limits of a number."""
    flat = [each for limit in limits for each in (limit.metadata if isinstance(limit, FieldInfo) else [limit])]
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    found = [f"{sign} {getattr(each, name)}" for each in flat for name, sign in signs.items() if hasattr(each, name)]
    return f" {', '.join(found)}" if found else ""


def default_of(field: FieldInfo) -> str:
    """The default as a spec would say it; of a section, that its keys have theirs."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its keys' defaults"
    if value == "":
        return "see there"
    return f"`{in_yaml(value)}`"


def in_yaml(value: Any) -> str:
    """A plain value in one line."""
    plain = {} if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=10**6)
    return text.removesuffix("\n").removesuffix("...").strip()

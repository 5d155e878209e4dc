"""A spec as a text to begin with: every key, its meaning and its value."""

import re
import textwrap
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

from stq.spec._dump import Dumper, plain
from stq.spec._field_docs import field_docs
from stq.spec._loss_spec import LossSpec
from stq.spec._model_spec import ModelSpec
from stq.spec._section import Section
from stq.spec._spec import Spec

_WIDTH = 110
_SENTENCE = re.compile(r".*?[.](?=\s|$)", re.DOTALL)


def commented_spec(spec: Spec) -> str:
    """The spec as YAML with the first sentence on each key above it; `parse_spec` reads it back to an equal spec.

    Sections that are null are shown as comments, with the keys that they would have.
    """
    return "\n".join(_section(spec, 0)) + "\n"


def _section(section: Section, depth: int) -> list[str]:
    lines: list[str] = []
    fields, docs = type(section).model_fields, field_docs(type(section))
    for name in section.own_keys() if isinstance(section, ModelSpec) else fields:
        field, value = fields[name], getattr(section, name)
        if depth == 0:
            lines.append("")
        lines += _comment(docs[name], depth)
        if isinstance(value, Section) and not isinstance(value, LossSpec):
            lines += [f"{'  ' * depth}{name}:", *_section(value, depth + 1)]
            continue
        lines += _entry(name, value, depth)
        below = _section_of(field.annotation)
        if value is None and below is not None:
            lines += _shown_only(below, depth + 1)
    if isinstance(section, ModelSpec):
        lines += [line for name, value in section.options.items() for line in _entry(name, value, depth)]
    return lines[1:] if depth == 0 else lines


def _comment(text: str, depth: int) -> list[str]:
    """The first sentence, and what the default is."""
    flat = " ".join(text.split())
    match = _SENTENCE.match(flat)
    words = (match[0] if match else flat).removesuffix(".")
    return [f"{'  ' * depth}# {line}" for line in textwrap.wrap(words, _WIDTH - 2 * depth)]


def _entry(name: str, value: object, depth: int) -> list[str]:
    if isinstance(value, tuple) and any(isinstance(item, LossSpec) for item in value):
        items = [_flow(_brief(item)) for item in value]
        return [f"{'  ' * depth}{name}:", *(f"{'  ' * depth}  - {item}" for item in items)]
    return [f"{'  ' * depth}{name}: {_flow(plain(value))}"]


def _brief(item: LossSpec) -> object:
    """A loss without what it says of itself."""
    whole = plain(item)
    assert isinstance(whole, dict)  # for the type checker: a section is a mapping
    defaults = {"name": item.loss, "weight": 1.0, "updates": None}
    return {key: value for key, value in whole.items() if key not in defaults or value != defaults[key]}


def _flow(value: object) -> str:
    text = yaml.dump(value, Dumper=Dumper, default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


def _shown_only(section: type[BaseModel], depth: int) -> list[str]:
    """The keys that a section would have, each behind a comment sign."""
    lines, docs = [], field_docs(section)
    for name, field in section.model_fields.items():
        default = "..." if field.is_required() else _flow(plain(field.default))
        flat = " ".join(docs[name].split())
        match = _SENTENCE.match(flat)
        lines.append(f"{'  ' * depth}# {name}: {default}  ({(match[0] if match else flat).removesuffix('.')})")
    return lines


def _section_of(kind: Any) -> type[BaseModel] | None:
    if get_origin(kind) is Annotated:
        return _section_of(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return next((found for choice in get_args(kind) if (found := _section_of(choice)) is not None), None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None

"""The resolved spec as text: every key with its value, defaults included."""

from pathlib import Path

import yaml

from stq.spec._loss_spec import LossSpec
from stq.spec._model_spec import ModelSpec
from stq.spec._scalars import BOOLEAN, FLOAT, INTEGER, NULL
from stq.spec._section import Section
from stq.spec._spec import Spec

_LINE_BREAKS = frozenset("\x85\u2028\u2029")


class Dumper(yaml.SafeDumper):
    """Quotes a text exactly where the strict loader would read something else."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  PyYAML's own form: the rules of YAML 1.1 go, ours come below

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    """Quoted doubly where YAML sees a line break that Python's own rules for printing do not: only there is it safe."""
    style = '"' if _LINE_BREAKS & set(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, _text)
for _tag, _pattern in (("null", NULL), ("bool", BOOLEAN), ("int", INTEGER), ("float", FLOAT)):
    Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, None)


def dump_spec(spec: Spec) -> str:
    """The spec as YAML that `parse_spec` reads back to an equal spec."""
    return yaml.dump(
        plain(spec), Dumper=Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120
    )


def plain(value: object) -> object:
    """The value as YAML's own kinds: mappings, lists and scalars."""
    if isinstance(value, LossSpec):
        options = {key: plain(option) for key, option in value.options.items()}
        return {key: plain(getattr(value, key)) for key in type(value).model_fields if key != "options"} | options
    if isinstance(value, ModelSpec):
        options = {key: plain(option) for key, option in value.options.items()}
        return {key: plain(getattr(value, key)) for key in value.own_keys()} | options
    if isinstance(value, Section):
        return {key: plain(getattr(value, key)) for key in type(value).model_fields}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value

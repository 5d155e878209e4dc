"""Every value of a spec, and where it came from."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.spec._dump import plain
from stq.spec._environment import mark
from stq.spec._node import Node
from stq.spec._overrides import apply_override
from stq.spec._source import Source
from stq.spec._spec import Spec
from stq.spec._yaml import read_yaml

DEFAULT = "default"
PROGRAM = "set by a program"
"""Neither the text nor an argument says so: the spec was made in Python."""


@dataclass(frozen=True)
class Setting:
    """One value. `key` is the path that `--set` takes; `origin` is `file:line:column`, `--set` or `default`, followed
    by the environment variables that are in it.
    """

    key: str
    value: object
    origin: str


def settings(spec: Spec, text: str, overrides: Sequence[str] = (), *, name: str = "spec.yaml") -> tuple[Setting, ...]:
    """The values of a resolved spec in the order of its keys, each traced to `text`, called `name`, or to `overrides`.

    Items of lists go by their name, as in `losses.ssim.weight`. Raises SpecError where the text or an override can't
    be read, which those of a spec that was loaded can.
    """
    root, _ = read_yaml(Source(name, text))
    for override in overrides:
        apply_override(root, override)
    mark(root)
    return tuple(
        Setting(".".join(keys), value, _origin(root, path, value)) for keys, path, value in _leaves(plain(spec), (), ())
    )


_Path = tuple[str | int, ...]


def _leaves(value: object, keys: tuple[str, ...], path: _Path) -> Iterator[tuple[tuple[str, ...], _Path, object]]:
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from _leaves(entry, (*keys, key), (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            named = item.get("name") if isinstance(item, dict) else None
            yield from _leaves(item, (*keys, str(named or index)), (*path, index))
    else:
        yield keys, path, value


def _origin(root: Node, path: _Path, value: object) -> str:
    node = root
    for depth, step in enumerate(path):
        child = node.child(step)
        if child is None:
            # a short form, such as `mse` for {loss: mse} or one path for a list of them
            rest = path[depth:]
            short = not isinstance(node.content, dict | list | None) and depth and len(rest) == 1
            return _place(node) if short and (node.variables or _same(node.plain(), value)) else DEFAULT
        node = child
    filled_in = node.variables or (isinstance(node.content, list) and any(item.variables for item in node.content))
    return _place(node) if filled_in or _same(node.plain(), value) else PROGRAM


def _place(node: Node) -> str:
    items = node.content if isinstance(node.content, list) else []
    names = dict.fromkeys([*node.variables, *(name for item in items for name in item.variables)])
    return " ".join([node.value_span.where, *(f"${{env:{name}}}" for name in names)])


def _same(written: object, value: object) -> bool:
    """Whether what is written became this value: equal, one for a list of one, or a path made absolute."""
    if isinstance(written, tuple):
        return isinstance(value, list) and len(written) == len(value) and all(map(_same, written, value))
    if isinstance(value, list) and len(value) == 1:
        return _same(written, value[0])
    if isinstance(written, str) and isinstance(value, str):
        return written == value or (
            Path(value).is_absolute() and value.endswith(os.path.normpath(written).lstrip("./"))
        )
    return written == value or str(written) == value

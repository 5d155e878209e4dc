"""`--set key.path=value`: the same language as the file, put over the file's tree."""

import re

from stq.errors import Problem, SpecError, did_you_mean
from stq.spec._node import Node
from stq.spec._section import found
from stq.spec._source import Source, Span
from stq.spec._yaml import read_yaml

_DEEPEST = 20
"""Steps of the longest path; a spec needs five."""

_LONGEST_STEP = 200
"""Characters of its longest step."""

_ARGUMENT = re.compile(r"(?P<path>[^\s=.]+(?:\.[^\s=.]+)*)=(?P<value>.*\S.*)", re.DOTALL)


def apply_override(root: Node, argument: str) -> list[Problem]:
    """Put one `key.path=value` into the tree; a step of the path is a key, the index of a list, or the name of a loss.

    A key that the text does not have is added, and is checked with all others afterwards. Returns what in the value is
    not allowed; SpecError where the path leads nowhere or the value can't be read.
    """
    source = Source("--set", argument, is_argument=True)
    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        span = Span(source, 0, 0, len(argument))
        raise _error(span, "expected key.path=value", "for example --set optim.lr=3e-4; null is a value")
    steps = match["path"].split(".")
    if len(steps) > _DEEPEST or max(map(len, steps)) > _LONGEST_STEP:
        span = Span(source, 0, 0, match.end("path"))
        raise _error(span, f"expected at most {_DEEPEST} steps of {_LONGEST_STEP} characters each in a key, found more")
    indent = " " * match.start("value")
    value, problems = read_yaml(source, indent + match["value"])
    spans = [Span(source, 0, step.start(), len(step[0])) for step in re.finditer(r"[^.]+", match["path"])]
    path = _put(root, [(argument[span.column : span.column + span.length], span) for span in spans], value)
    return [Problem((*path, *each.path), each.message, each.hint, each.where, each.excerpt) for each in problems]


def _put(root: Node, steps: list[tuple[str, Span]], value: Node) -> tuple[str | int, ...]:
    """Set the value at the end of the steps; the path that they turned out to be."""
    node = root
    path: list[str | int] = []
    for depth, (step, span) in enumerate(steps):
        if node.content is None:
            node.content = {}
        if isinstance(node.content, dict):
            path.append(step)
            child = node.content.setdefault(step, Node(None, span))
            child.key_span = span
        elif isinstance(node.content, list):
            index = _index(node.content, step, span)
            path.append(index)
            child = _as_loss(node.content, index, is_last=depth == len(steps) - 1)
        else:
            message = f"expected a mapping or a list above this, found {found(node.content)}"
            raise _error(span, message, "set the value above instead")
        node = child
    node.content, node.value_span = value.content, value.value_span
    return tuple(path)


def _index(items: list[Node], step: str, span: Span) -> int:
    """The item that a step means: by its place, counted from 0, or by its name."""
    if step.isdecimal() and step.isascii():
        if int(step) < len(items):
            return int(step)
        raise _error(span, f"expected an index below {len(items)}, found {step}")
    names = [_name(item) for item in items]
    if step in names:
        return names.index(step)
    known = [name for name in names if name]
    hint = did_you_mean(step, known) or (f"there are {', '.join(known)}" if known else "items are counted from 0")
    raise _error(span, f'there is no item "{step}" in this list', hint)


def _name(item: Node) -> str:
    """What an item is called: its `name`, its `loss`, or itself."""
    if isinstance(item.content, dict):
        named = item.content.get("name") or item.content.get("loss")
        return _name(named) if named else ""
    return item.content if isinstance(item.content, str) else ""


def _as_loss(items: list[Node], index: int, is_last: bool) -> Node:
    """The item, with a loss that was given by its name alone made the mapping that it stands for."""
    item = items[index]
    if isinstance(item.content, str) and not is_last:
        item.content = {"loss": Node(item.content, item.value_span)}
    return item


def _error(span: Span, message: str, hint: str = "") -> SpecError:
    return SpecError([Problem((), message, hint, span.where, span.excerpt)])

"""`${env:NAME}` and `${env:NAME:default}` in the texts of a spec that says `environment: true`.

What stands for a variable is put in as text, once: it is neither read as YAML nor looked through again, and nothing is
executed. The filled-in spec says `environment: false`, so that a run keeps the values that it was started with.
"""

import re
from collections.abc import Iterator, Mapping

from stq.errors import Problem, did_you_mean
from stq.spec._explain import place
from stq.spec._node import Node, Path

SWITCH = "environment"
_REFERENCE = re.compile(r"\$\{env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^{}]*))?\}")
_BEGINNING = re.compile(r"\$\{env:[^}\s]*\}?")


def fill_in(root: Node, variables: Mapping[str, str]) -> list[Problem]:
    """Put the variables into the tree, where it asks for them. Returns those that are not there, at their places."""
    problems = []
    for path, node, text in _texts(root):
        for begun in _BEGINNING.finditer(text):
            match = _REFERENCE.match(text, begun.start())
            word = (begun.start(), len(begun[0]))
            if match is None:
                hint = "names are of letters, digits and _; in { } put the text in quotes"
                message = f"expected ${{env:NAME}} or ${{env:NAME:default}}, found {begun[0]}"
                problems.append(place(root, path, message, hint, part=word))
            elif match["default"] is None and match["name"] not in variables:
                name = match["name"]
                hint = did_you_mean(name, variables) or f"export it, or give a default: ${{env:{name}:...}}"
                message = f'there is no environment variable "{name}"'
                problems.append(place(root, path, message, hint, part=word))
        node.variables = tuple(match["name"] for match in _REFERENCE.finditer(text))
        if not problems:
            node.content = _REFERENCE.sub(lambda match: variables.get(match["name"], match["default"] or ""), text)
    _switch_off(root)
    return problems


def mark(root: Node) -> None:
    """Note at every text which variables are in it, and leave the texts as they are."""
    for _, node, text in _texts(root):
        node.variables = tuple(match["name"] for match in _REFERENCE.finditer(text))
    _switch_off(root)


def _texts(root: Node) -> Iterator[tuple[Path, Node, str]]:
    """The texts that refer to variables; none unless the spec asks for it."""
    switch = root.child(SWITCH)
    if switch is not None and switch.content is True:
        yield from [found for found in _below(root, ()) if "${env:" in found[2]]


def _below(node: Node, path: Path) -> Iterator[tuple[Path, Node, str]]:
    if isinstance(node.content, str):
        yield path, node, node.content
    elif isinstance(node.content, dict):
        for key, child in node.content.items():
            yield from _below(child, (*path, key))
    elif isinstance(node.content, list):
        for index, child in enumerate(node.content):
            yield from _below(child, (*path, index))


def _switch_off(root: Node) -> None:
    switch = root.child(SWITCH)
    if switch is not None and switch.content is True:
        switch.content = False

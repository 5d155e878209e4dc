"""Pydantic's errors as problems in the user's words, each with its place in the text."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import ValidationError

from stq.errors import Problem, did_you_mean, suggest
from stq.spec._fields import field_names, home_of
from stq.spec._node import Node, Path
from stq.spec._section import MISTAKE, found

_CLIP = "clipping is set by optim.clip, for example {norm: 1.0, per: group}"
_ELSEWHERE = {"trainer.gradient_clip_val": _CLIP, "trainer.gradient_clip_algorithm": _CLIP}
"""Keys that users of Lightning look for, and where stq has them."""


_EXAMPLES = {
    "data": "add data: {source: ..., targets: [...]}",
    "losses": "add losses: [mse]",
    "source": "the path of the data, for example source: data/*.nc",
    "targets": "the variables to forecast, for example targets: [ozone]",
    "train": "for example train: 0.7, or train: [1995-01, 1998-12]",
    "val": "for example val: 0.1, or val: [1999-01, 1999-06]",
    "expr": "an expression, for example expr: (nir - red) / (nir + red)",
    "where": 'a condition, for example where: "SCL in [4, 5]"',
    "loss": "the name of a loss, for example loss: mse",
    "variable": "the name of the map's variable in the file",
}
"""What to write for a key that is required."""


_WAY = re.compile("<[a-z]+>")
"""How the models tag the ways in which one value may be given (`<dates>`, `<fraction>`)."""

MOST = 100
"""Mistakes that are told at once: past so many the text is no spec at all."""


def place(
    root: Node,
    path: Path,
    message: str,
    hint: str = "",
    on: Literal["key", "value"] = "value",
    part: tuple[int, int] | None = None,
) -> Problem:
    """The problem at the path's key or value, or at the nearest thing above it that the text has.

    `part` is offset and length of the word that is meant in a value that is a text.
    """
    node = root.nearest(path)
    span = node.key_span if on == "key" and node.key_span is not None else node.value_span
    if part is not None and isinstance(node.content, str):
        span = span.part(node.content, *part)
    return Problem(path, message, hint or _unasked(node), span.where, span.excerpt)


def _unasked(node: Node) -> str:
    """What to try where a text refers to variables of the environment and nothing was put in."""
    referring = isinstance(node.content, str) and "${env:" in node.content and not node.variables
    return "variables are put in where the spec says environment: true" if referring else ""


def explain(error: ValidationError, root: Node) -> list[Problem]:
    """Every mistake that pydantic found (the first hundred of them), in its own order."""
    errors = error.errors(include_url=False)[:MOST]
    unknown = [_path(item["loc"]) for item in errors if item["type"] == "extra_forbidden"]
    misspelt = {(*path[:-1], suggest(str(path[-1]), field_names(path[:-1]))) for path in unknown}
    problems = []
    for item in errors:
        path = _path(item["loc"])
        if path[-1:] == ("[key]",):  # pydantic's step to a mapping's own key
            problems.append(place(root, path[:-1], item["ctx"]["message"], on="key"))
            continue
        if item["type"] == "missing" and path in misspelt:
            continue  # said already, of the key that was meant to be this one
        problems.append(_explain_one(path, item["type"], item.get("ctx", {}), item["input"], item["msg"], root))
    return problems


def _path(loc: Iterable[str | int]) -> Path:
    """Without the steps that only pydantic takes: the `<way>` in which a value was given."""
    return tuple(step for step in loc if not (isinstance(step, str) and _WAY.fullmatch(step)))


def _explain_one(path: Path, kind: str, context: dict[str, Any], value: object, text: str, root: Node) -> Problem:
    if kind == MISTAKE:
        return place(root, path, context["message"], context["hint"], context["on"], context.get("part"))
    if kind == "extra_forbidden":
        return _unknown_key(path, root)
    if kind == "missing":
        return _missing_key(path, root)
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        keys = ", ".join(field_names(path))
        hint = f"its keys are {keys}" if keys else ""
        return place(root, path, f"expected a mapping, found {found(value)}", hint)
    if kind == "tuple_type":
        hint = "begin each entry with - " if isinstance(value, dict) else "" if value is None else f"write [{value}]"
        return place(root, path, f"expected a list, found {found(value)}", hint)
    if kind == "too_short":
        return place(root, path, "expected at least one entry, found an empty list")
    return place(root, path, f"not a value that can stand here: {text}")


def _unknown_key(path: Path, root: Node) -> Problem:
    key, names = str(path[-1]), field_names(path[:-1])
    homes = home_of(key)
    hint = _ELSEWHERE.get(dotted(path), "") or did_you_mean(key, names)
    if not hint and homes:
        hint = f"it belongs under {' or '.join(homes)}"
    hint = hint or f"the keys here are {', '.join(names)}"
    under = f" under {dotted(path[:-1])}" if path[:-1] else ""
    return place(root, path, f'unknown key "{key}"{under}', hint, "key")


def _missing_key(path: Path, root: Node) -> Problem:
    key = path[-1]
    under = f"{dotted(path[:-1])} lacks" if path[:-1] else "the spec lacks"
    return place(root, path, f'{under} the required key "{key}"', _EXAMPLES.get(str(key), ""), "key")


def dotted(path: Path) -> str:
    """The path as it is written in `--set`."""
    return ".".join(map(str, path))

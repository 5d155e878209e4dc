"""Data for the page's script, as text that no name in it can break out of."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from stq.report._document import plain

EXTRA = "<extra></extra>"
"""The one piece of plotly's own markup that charts use."""

_DANGEROUS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_block(value: object) -> str:
    """JSON that can stand in a script element: no `<`, `>` or `&` is left, and NaN becomes null."""
    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    for character, code in _DANGEROUS.items():
        text = text.replace(character, code)
    return text


def inert(value: Any) -> Any:
    """A figure whose texts plotly.js shows as they are, for it reads markup in them; newlines become its breaks."""
    if isinstance(value, str):
        own = value.removesuffix(EXTRA)
        return escape(own, quote=False).replace("\n", "<br>") + value[len(own) :]
    if isinstance(value, Mapping):
        return {key: inert(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [inert(item) for item in value]
    return value

"""Plain scalars by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#1032-tag-resolution).

PyYAML reads by YAML 1.1, where `1e-3` is text, `off` is false, `012` is ten and `1:30` is ninety; and it turns dates
into objects. Here a scalar is null, a boolean, a number, or text, and nothing else.
"""

import math
import re

Scalar = None | bool | int | float | str

NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)

_LONGEST = 400
"""Characters of the longest number that is read at all."""


def read_scalar(text: str) -> Scalar:
    """The value of an unquoted scalar. ValueError, with a text for the user, for a number past what can be held."""
    if NULL.match(text):
        return None
    if BOOLEAN.match(text):
        return text.lower() == "true"
    if INTEGER.match(text):
        return _integer(text)
    if FLOAT.match(text):
        return _float(text)
    return text


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) > _LONGEST or abs(value := int(text, base)) >= 2**64:
        raise ValueError("expected a whole number of at most 64 bits, found a larger one")
    return value


def _float(text: str) -> float:
    if "n" in text.lower():
        raise ValueError(f"expected a finite number, found {text}")
    value = float(text)
    if len(text) > _LONGEST or math.isinf(value):
        raise ValueError("expected a finite number, found one past the largest that a computer holds (1.8e308)")
    return value

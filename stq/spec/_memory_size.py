"""How much memory a series may take."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from stq.errors import did_you_mean
from stq.spec._section import Mistake, found

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {f"{unit}i": 2 ** (10 * power) for power, unit in enumerate("kMGT", 1)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]i?)?B")


def bytes_of(size: str) -> str | int:
    """A size such as 4GB in bytes; one of the words as it is."""
    match = _SIZE.fullmatch(size)
    return size if match is None else int(float(match[1]) * _UNITS[match[2] or ""])


def _size_or_word(value: object) -> object:
    """A size such as 4GB, or one of the three words."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None and value not in ("auto", "lazy", "all"):
        hint = did_you_mean(value, ("auto", "lazy", "all")) if isinstance(value, str) else ""
        raise Mistake(f"expected auto, lazy, all or a size such as 4GB, found {found(value)}", hint=hint).as_error()
    return value


MemorySize = Annotated[str, BeforeValidator(_size_or_word)]
"""A size such as 4GB, or auto, lazy or all."""

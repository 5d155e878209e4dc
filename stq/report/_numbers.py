"""Numbers as a reader wants them: as many digits as mean something, and the same for a whole column."""

from collections.abc import Sequence
from math import floor, isfinite, log10

ABSENT = "-"
"""Where a value is not defined."""


def aligned(values: Sequence[float | None], digits: int = 3) -> list[str]:
    """One text a value, all with as many decimals as the smallest of them needs to show `digits` digits.

    Columns of very small or very large numbers are in powers of ten.
    """
    sizes = [abs(value) for value in values if value is not None and isfinite(value) and value != 0]
    if sizes and (max(sizes) < 1e-3 or max(sizes) >= 1e7):
        return [_text(value, f".{digits - 1}e") for value in values]
    decimals = 0
    if sizes:
        wanted = digits - 1 - floor(log10(min(sizes)))
        sensible = digits + 1 - floor(log10(max(sizes)))
        decimals = max(0, min(wanted, sensible))
    return [_text(value, f".{decimals}f") for value in values]


def significant(value: float | None, digits: int = 3) -> str:
    """One number by itself, such as a norm; an exact zero is a bare 0."""
    return _text(value, f".{digits}g")


def steady(value: float | None, digits: int = 4) -> str:
    """One number with always so many digits, so that it keeps its width from line to line."""
    return _text(value, f"#.{digits}g")


def share(value: float | None) -> str:
    """A coverage or another share of one, to three decimals; an exact zero is a bare 0."""
    return "0" if value == 0 else _text(value, ".3f")


def percent(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.3g} %"


def count(value: int) -> str:
    """A whole number, in groups of three digits."""
    return f"{value:,}"


def _text(value: float | None, form: str) -> str:
    return ABSENT if value is None else format(value, form)


def size_in_words(size: int) -> str:
    """A number of bytes."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("kiB", 10)):
        if size >= 2**power:
            return f"{size / 2**power:.1f} {unit}"
    return f"{size} bytes"


def duration(seconds: float) -> str:
    """A time in its two largest units, rounded to the smaller one."""
    left = round(seconds)
    for (great, size), (small, part) in (("d", 86400), ("h", 3600)), (("h", 3600), ("m", 60)), (("m", 60), ("s", 1)):
        if left >= size:
            parts = round(left / part)
            return f"{parts * part // size}{great} {parts * part % size // part:02}{small}"
    return f"{left}s"

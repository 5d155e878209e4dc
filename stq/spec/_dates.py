"""ISO 8601 dates that may stop early: `1995`, `1995-01`, `1995-01-31`, `1995-01-31T06:00`.

A partial date stands for its whole period. Nothing here knows a calendar: every month may have 31 days (a 360-day
calendar gives February 30), and dates compare by their parts, which is the order of time in any calendar.
"""

import re

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?\Z")
_STEP = re.compile(r"[1-9]\d{0,8} ?(s|min|h|H|d|D|w|W|months?|years?)\Z", re.ASCII)
_FIRST = (0, 1, 1, 0, 0, 0)
_LAST = (9999, 12, 31, 23, 59, 59)

Moment = tuple[int, ...]


def first_moment(date: str) -> Moment:
    """The first second of the date's period: year, month, day, hour, minute, second. ValueError if it is no date."""
    return _moment(date, _FIRST)


def last_moment(date: str) -> Moment:
    """The last second of the date's period."""
    return _moment(date, _LAST)


def is_step(text: str) -> bool:
    """Whether the text is a step in time, such as 6h, 1D, 30min or 1 month."""
    return _STEP.match(text) is not None


def _moment(date: str, rest: Moment) -> Moment:
    match = _DATE.match(date) if date.isascii() else None
    if match is None:
        raise ValueError(date)
    given = [int(part) for part in match.groups() if part is not None]
    if any(not low <= part <= high for part, low, high in zip(given, _FIRST, _LAST, strict=False)):
        raise ValueError(date)
    return (*given, *rest[len(given) :])

"""The dates of files that are one step each: from their names, or from a table beside them."""

import csv
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from stq.errors import DataError

_CLOCK = r"(?:[T_ -]?(?P<hour>[01]\d|2[0-3])[-:]?(?P<minute>[0-5]\d)(?:[-:]?(?P<second>[0-5]\d))?)?"
_YEAR = r"(?<!\d)(?P<year>[12]\d{3})"
_FORMS = tuple(
    re.compile(_YEAR + rest + r"(?!\d)")
    for rest in (
        r"(?P<gap>[-_.]?)(?P<month>0[1-9]|1[0-2])(?P=gap)(?P<day>0[1-9]|[12]\d|3[01])" + _CLOCK,
        r"(?P<ordinal>[0-3]\d\d)",
        r"[-_.]?(?P<month>0[1-9]|1[0-2])",
        "",
    )
)
"""From the fullest date to a bare year: 20200131 or 2020-01-31 (T103000), 2020031 (day of the year), 2020-01, 2020."""


def date_in_name(path: Path) -> str:
    """The one date in a file's name, in ISO 8601.

    Raises:
        DataError: there is none, or there are several.
    """
    for form in _FORMS:
        found = {iso for match in form.finditer(path.stem) if (iso := _iso(match.groupdict())) is not None}
        if len(found) > 1:
            raise DataError(
                f"{path}: several dates in its name ({', '.join(sorted(found))}); "
                f"give a table of files and dates, data.time: {{index: dates.csv}}"
            )
        if found:
            return found.pop()
    raise DataError(
        f"{path}: no date in its name, such as 20200131 or 2020-01-31; rename it, or give a table of files and dates, "
        f"data.time: {{index: dates.csv}}"
    )


def _iso(parts: Mapping[str, str | None]) -> str | None:
    year = int(parts["year"] or 0)
    ordinal = parts.get("ordinal")
    try:
        if ordinal:
            found = date(year, 1, 1) + timedelta(days=int(ordinal) - 1)
            return found.isoformat() if found.year == year else None
        found = date(year, int(parts.get("month") or 1), int(parts.get("day") or 1))
    except ValueError:
        return None
    if not parts.get("hour"):
        return found.isoformat()
    return f"{found.isoformat()}T{parts['hour']}:{parts['minute']}:{parts['second'] or '00'}"


def read_index(path: Path) -> dict[Path, str]:
    """Dates by file, from a CSV with the columns `file` (relative to the table's folder) and `date` (ISO 8601).

    Raises:
        DataError: the table can't be read, lacks a column, names a file twice, or has something that is no date.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: can't be read as CSV (data.time.index): {error}") from error
    dates: dict[Path, str] = {}
    for line, row in enumerate(rows, start=2):
        if not row.get("file") or not row.get("date"):
            raise DataError(f"{path}:{line}: expected the columns file and date, found {', '.join(map(str, row))}")
        file_path = (path.parent / row["file"].strip()).absolute()
        if file_path in dates:
            raise DataError(f"{path}:{line}: the file {row['file']} stands in the table twice")
        matches = [match for form in _FORMS if (match := form.fullmatch(row["date"].strip().removesuffix("Z")))]
        iso = _iso(matches[0].groupdict()) if matches else None
        if iso is None:
            raise DataError(f"{path}:{line}: expected a date such as 2020-01-31, found '{row['date']}'")
        dates[file_path] = iso
    if not dates:
        raise DataError(f"{path}: the table of files and dates is empty")
    return dates

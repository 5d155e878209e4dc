"""The score rows of an evaluation, as the sections ask for them. Keys that `eval` did not give are None."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stq.report.html._style import label

if TYPE_CHECKING:
    from stq.app import ReportData

Row = Mapping[str, Any]

NOT_COMPUTED = "Not computed by this version of stq eval."


def rows_of(report: "ReportData", variable: str) -> list[Row]:
    """The rows of one variable, by horizon."""
    rows = [row for row in report.evaluation["scores"] if row["variable"] == variable]
    return sorted(rows, key=lambda row: int(row["horizon"]))


def labelled(report: "ReportData") -> list[tuple[str, str]]:
    """Each variable, and its name with units."""
    return [(name, label(name, unit)) for name, unit in zip(report.variables, report.units, strict=True)]


def words(name: str) -> str:
    """A baseline's name in prose."""
    return name.replace("_", " ")


@dataclass(frozen=True)
class Skill:
    """1 - rmse / rmse of the baseline, and its interval; `value` is None against a baseline that makes no error."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def word(self) -> str:
        """What the value says, plainly."""
        if self.value is None or self.value <= 0:
            return "no skill"
        if self.low is None:
            return "no interval"
        return "within chance" if self.low <= 0 else "skill"


def baselines_of(rows: Sequence[Row]) -> list[str]:
    """Every baseline that the rows compare with, those of old first."""
    names = ["persistence", "climatology"]
    return names + [name for name in (rows[0].get("baselines") or {}) if name not in names]


def skill_of(row: Row, baseline: str) -> Skill:
    """The skill over one baseline."""
    value = row.get(f"skill_{baseline}")
    if value is None:
        value = ((row.get("baselines") or {}).get(baseline) or {}).get("skill")
    low, high = interval95(row, f"skill_{baseline}") or (None, None)
    return Skill(value, low, high)


def rmse_of(row: Row, baseline: str) -> float | None:
    """The RMSE of one baseline, in units."""
    value = row.get(f"rmse_{baseline}")
    if value is None:
        value = ((row.get("baselines") or {}).get(baseline) or {}).get("rmse")
    return value


def interval95(row: Row, name: str) -> tuple[float, float] | None:
    """The 95 % interval of one score."""
    found = (row.get("interval95") or {}).get(name)
    return None if found is None or None in found else (float(found[0]), float(found[1]))


def error_bars(values: Sequence[float | None], intervals: Sequence[tuple[float, float] | None]) -> dict[str, Any]:
    """plotly's error bars, nothing where no value has an interval."""
    if not any(intervals):
        return {}
    pairs = list(zip(values, intervals, strict=True))
    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [None if v is None or i is None else max(0.0, i[1] - v) for v, i in pairs],
            "arrayminus": [None if v is None or i is None else max(0.0, v - i[0]) for v, i in pairs],
            "thickness": 1.2,
            "width": 4,
        }
    }


def listed(numbers: Sequence[object]) -> str:
    """1, 2 and 3."""
    texts = [str(number) for number in numbers]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"

"""The score tables of `stq eval`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stq.report._further_scores import further_tables
from stq.report._numbers import aligned, count, percent, share
from stq.report._score_rows import baseline_names, by_variable, label, skill
from stq.report._strata_table import strata_tables
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import EvaluateResult
    from stq.metrics import Interval, Score


SHORT = {
    "persistence": "persist.",
    "climatology": "climat.",
    "damped_persistence": "damped\npersist.",
    "seasonal_naive": "seasonal\nnaive",
    "linear": "linear\nregr.",
}
"""Names of baselines that leave room for all of them on 80 columns."""


def score_tables(result: "EvaluateResult", *, every: bool = False, strata: bool = False) -> Group:
    """The central forecast against its baselines, the bands, and how far their coverage may stray by chance.

    With `every`, the other scores too, and with `strata` those of months, seasons or strata.
    """
    parts: list[RenderableType] = [errors(result)]
    if any(score.intervals for score in result.scores):
        parts.append(bands(result))
    if any(len(score.intervals) > 1 for score in result.scores):
        parts.append(coverages(result))
    if every:
        parts += further_tables(result)
    if strata:
        parts += strata_tables(result)
    parts += [Text(sentence) for sentence in sentences(result)]
    return Group(*parts)


def errors(result: "EvaluateResult") -> RenderableType:
    """RMSE of the forecast, and its skill over each baseline: the hardest to beat counts, so none is left out."""
    names = baseline_names(result.scores)
    table = new_table("variable, units", "horizon>", "RMSE>", *(f"{SHORT.get(name, name)}>" for name in names))
    for rows in by_variable(result.scores):
        for row, rmse in zip(rows, aligned([r.rmse for r in rows]), strict=True):
            skills = (skill(row.baselines[name].skill if name in row.baselines else None) for name in names)
            add_row(table, label(row), str(row.horizon), rmse, *skills)
        table.add_section()
    windows = "1 window" if result.samples == 1 else f"{result.samples} windows"
    return titled(f"Central forecast on {result.split}, {windows}: RMSE, and skill over each baseline", table)


def bands(result: "EvaluateResult") -> RenderableType:
    """The outermost band: coverage, width, crossing."""
    coverage = ("coverage\nraw>", "coverage\ncalibrated>") if result.calibrated else ("coverage>",)
    table = new_table("variable, units", "horizon>", "n>", "frames>", *coverage, "width>", "crossing>")
    for rows in by_variable(result.scores):
        for row, width in zip(rows, aligned([row.width for row in rows]), strict=True):
            covered = (row.coverage_raw, row.coverage) if result.calibrated else (row.coverage,)
            shares = [share(value) for value in covered]
            cells = [str(row.horizon), count(row.n), count(row.frames), *shares, width, share(row.crossing_rate)]
            add_row(table, label(row), *cells)
        table.add_section()
    band = widest(result.scores)
    return titled(f"Band between the levels {band.lower:g} and {band.upper:g}: {percent(band.expected)} claimed", table)


def coverages(result: "EvaluateResult") -> RenderableType:
    """The coverage of every pair of levels: one level alone hides a broken model."""
    intervals = max((score.intervals for score in result.scores), key=len)
    claims = (f"{percent(interval.expected)} claimed>" for interval in intervals)
    table = new_table("variable, units", "horizon>", *claims)
    for rows in by_variable(result.scores):
        for row in rows:
            add_row(table, label(row), str(row.horizon), *(before_and_after(i, result) for i in row.intervals))
        table.add_section()
    title = "Coverage of every band, raw -> calibrated" if result.calibrated else "Coverage of every band"
    return titled(title, table)


def sentences(result: "EvaluateResult") -> list[str]:
    """What to have in mind when reading the numbers."""
    frames, cells = span(result.scores, lambda s: s.frames), span(result.scores, lambda s: s.n)
    texts = [
        f"Each row is the mean over {cells} valid cells of {frames} frames; the cells of a frame are not independent."
    ]
    if result.chance:
        chance = max(result.chance, key=lambda row: row.expected)
        texts.append(
            f"Calibrated on {chance.calibration_frames} frames, scored on {chance.scored_frames}: coverage of the "
            f"{percent(chance.expected)} band may stray between {percent(chance.low)} and {percent(chance.high)} by "
            f"chance."
        )
    return texts + [f"Note: {note}." for note in result.notes]


def before_and_after(interval: "Interval", result: "EvaluateResult") -> str:
    """The coverage before and after calibration."""
    after = share(interval.coverage)
    return f"{share(interval.coverage_raw)} -> {after}" if result.calibrated else after


def widest(scores: "Sequence[Score]") -> "Interval":
    """The pair of levels that claims most."""
    return max((interval for score in scores for interval in score.intervals), key=lambda i: i.expected)


def span(scores: "Sequence[Score]", size: "Callable[[Score], int]") -> str:
    """One number, or the least and the most."""
    least, most = min(map(size, scores), default=0), max(map(size, scores), default=0)
    return count(least) if least == most else f"{count(least)} to {count(most)}"

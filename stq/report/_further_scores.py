"""The scores that `stq eval --metrics all` adds to the first tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from rich.console import RenderableType

from stq.report._numbers import ABSENT, aligned, share, significant
from stq.report._score_rows import baseline_names, by_variable, label
from stq.report._table import add_row, new_table, titled

if TYPE_CHECKING:
    from stq.app import EvaluateResult
    from stq.metrics import Score

T = TypeVar("T")

MOST_COLUMNS = 7
"""So many columns of numbers leave room for the variable on 80 columns."""


def further_tables(result: "EvaluateResult") -> list[RenderableType]:
    """Each where there is anything to show."""
    scores = result.scores
    tables = [means(scores)]
    tables.append(baselines(scores))
    if any(score.reliability for score in scores):
        tables.append(reliability(scores))
    if any(score.spectrum for score in scores):
        tables.append(spectra(scores))
    if any(score.csi for score in scores):
        tables.append(events(scores))
    if any(score.metrics for score in scores):
        tables.append(named(scores))
    return tables


def means(scores: "Sequence[Score]") -> RenderableType:
    """Effective frames, intervals of the error and of the skill, correlation, similarity, CRPS."""
    table = new_table(
        "variable, units",
        "horizon>",
        "effective\nframes>",
        "RMSE\n95 %>",
        "skill over\nclimat. 95 %>",
        "ACC>",
        "SSIM>",
        "CRPS>",
    )
    for rows in by_variable(scores):
        bounds = [end for row in rows for end in row.interval95.get("rmse") or (None, None)]
        texts, crps = aligned(bounds), aligned([row.crps for row in rows])
        for k, row in enumerate(rows):
            low, high = texts[2 * k], texts[2 * k + 1]
            error = ABSENT if ABSENT in (low, high) else f"{low} - {high}"
            gain = row.interval95.get("skill_climatology")
            cells = [
                str(row.horizon),
                significant(row.effective_frames),
                error,
                ABSENT if gain is None else f"{gain[0]:+.2f} {gain[1]:+.2f}",
                two_decimals(row.acc),
                two_decimals(row.ssim),
                crps[k],
            ]
            add_row(table, label(row), *cells)
        table.add_section()
    return titled("Further scores of the forecast", table)


def baselines(scores: "Sequence[Score]") -> RenderableType:
    """The RMSE of every baseline."""
    names = baseline_names(scores)
    table = new_table("variable, units", "horizon>", *(f"{name.replace('_', chr(10))}>" for name in names))
    for rows in by_variable(scores):
        columns = [aligned([row.baselines[name].rmse for row in rows if name in row.baselines]) for name in names]
        for k, row in enumerate(rows):
            add_row(table, label(row), str(row.horizon), *(column[k] if column else ABSENT for column in columns))
        table.add_section()
    return titled("RMSE of each baseline", table)


def reliability(scores: "Sequence[Score]") -> RenderableType:
    """The share of the truth at or below each quantile, which ought to be its level."""
    levels = spread(max((list(score.reliability) for score in scores), key=len))
    table = new_table("variable, units", "horizon>", *(f"{level}>" for level in levels))
    for rows in by_variable(scores):
        for row in rows:
            add_row(table, label(row), str(row.horizon), *(share(row.reliability.get(level)) for level in levels))
        table.add_section()
    return titled("Share of the truth at or below the quantile of each level", table)


def spectra(scores: "Sequence[Score]") -> RenderableType:
    """Power of the forecast over that of the truth."""
    numbers = max((score.spectrum.wavenumber for score in scores if score.spectrum), key=len)
    octaves = [k for k in numbers if k & (k - 1) == 0]
    chosen = spread(sorted({*octaves, numbers[-1]}))
    table = new_table("variable, units", "horizon>", *(f"{number}>" for number in chosen))
    for rows in by_variable(scores):
        for row in rows:
            ratios = {} if row.spectrum is None else dict(zip(row.spectrum.wavenumber, row.spectrum.ratio, strict=True))
            add_row(table, label(row), str(row.horizon), *(two_decimals(ratios.get(number)) for number in chosen))
        table.add_section()
    return titled("Power of forecast over truth by wavenumber; below 1 the forecast is too smooth", table)


def events(scores: "Sequence[Score]") -> RenderableType:
    """CSI and FSS of events."""
    scales = spread(sorted({found.scale for score in scores for found in score.fss}), MOST_COLUMNS - 2)
    table = new_table("variable, units", "at least>", "horizon>", "CSI>", *(f"FSS\n{n} x {n}>" for n in scales))
    for rows in by_variable(scores):
        for k, event in enumerate(rows[0].csi):
            for row in rows:
                fss = {found.scale: found.value for found in row.fss if found.threshold == event.threshold}
                values = (two_decimals(value) for value in (row.csi[k].value, *(fss.get(n) for n in scales)))
                add_row(table, label(row), f"{event.threshold:g}", str(row.horizon), *values)
        table.add_section()
    return titled("Events: values at or above a threshold", table)


def named(scores: "Sequence[Score]") -> RenderableType:
    """The spec's own metrics."""
    names = list(scores[0].metrics)
    table = new_table("variable, units", "horizon>", *(f"{name}>" for name in names))
    for rows in by_variable(scores):
        columns = [aligned([row.metrics[name] for row in rows]) for name in names]
        for row, *texts in zip(rows, *columns, strict=True):
            add_row(table, label(row), str(row.horizon), *texts)
        table.add_section()
    return titled("Metrics of the spec", table)


def two_decimals(value: float | None) -> str:
    """A correlation or another index."""
    return ABSENT if value is None else f"{value:.2f}"


def spread(values: Sequence[T], most: int = MOST_COLUMNS) -> list[T]:
    """At most so many of the values, evenly chosen, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(k * (len(values) - 1) / (most - 1))] for k in range(most)]

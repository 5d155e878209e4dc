"""The verdict: skill over each baseline by horizon, the band's coverage, the gradient audit."""

from typing import TYPE_CHECKING

from stq.report._numbers import ABSENT, aligned, percent, share, significant
from stq.report.html._all_scores import all_scores
from stq.report.html._parts import Chart, Finding, Section, Table
from stq.report.html._scores import (
    Row,
    baselines_of,
    error_bars,
    interval95,
    labelled,
    listed,
    rmse_of,
    rows_of,
    skill_of,
    words,
)
from stq.report.html._style import axis, figure, horizon_axis, hover, level_line, nth, span_of

if TYPE_CHECKING:
    from stq.app import ReportData

VAGUE = 0.2
"""Where chance alone moves the coverage further than this, it says little."""
PHRASES = (
    ("no skill", "no skill over", ""),
    ("within chance", "skill within chance over", ""),
    ("no interval", "lower errors than", ", without an interval"),
)
"""What is said of every word but `skill`, before the baseline and after the horizons; the worst first."""


def verdict(report: "ReportData") -> Section:
    """Findings in words first, then a chart for each variable."""
    findings, charts = [], []
    for name, title in labelled(report):
        rows = rows_of(report, name)
        findings.append(skill_finding(title, rows))
        charts.append(skill_chart(title, rows))
    coverage = [coverage_finding(report, name, title) for name, title in labelled(report)]
    findings += [finding for finding in coverage if finding is not None]
    findings.append(audit_finding(report))
    windows = report.evaluation["samples"]
    prose = [
        f"Scored on {report.split}: {windows} {'forecast' if windows == 1 else 'forecasts'}. Skill is 1 - RMSE / RMSE "
        "of the baseline: 1 is perfect, 0 is no better than the baseline, below 0 is worse."
    ]
    if any(row.get("interval95") for row in report.evaluation["scores"]):
        prose.append("Bars are 95 % intervals by bootstrap over blocks of issue times.")
    worth = [row["effective_frames"] for row in report.evaluation["scores"] if row.get("effective_frames") is not None]
    if worth:
        least, most = (f"{value:.0f}" if value >= 10 else f"{value:.2g}" for value in (min(worth), max(worth)))
        span = least if least == most else f"{least} to {most}, by variable and horizon"
        prose.append(f"Forecasts that follow each other are alike: of independent ones they are worth about {span}.")
    tables = (("All scores", all_scores(report)),)
    return Section("verdict", "Verdict", tuple(findings), tuple(prose), tuple(charts), tables=tables)


def skill_finding(title: str, rows: list[Row]) -> Finding:
    """One variable: where it beats every baseline, and where it has no skill."""
    found = {name: [(row["horizon"], skill_of(row, name)) for row in rows] for name in baselines_of(rows)}
    parts = []
    for word, phrase, after in PHRASES:
        for name, skills in found.items():
            at = [horizon for horizon, skill in skills if skill.word == word]
            if at:
                parts.append(f"{phrase} {words(name)} {where(at, len(skills))}{after}")
    rmse = aligned([rows[0]["rmse"], rows[-1]["rmse"]])
    errors = f"RMSE {rmse[0]}" + (f" at horizon {rows[0]['horizon']}" if len(rows) > 1 else "")
    errors += f", {rmse[1]} at horizon {rows[-1]['horizon']}" if len(rows) > 1 else ""
    if parts:
        seen = {skill.word for skills in found.values() for _, skill in skills}
        verdict = next(word for word, _, _ in PHRASES if word in seen)
        return Finding("bad" if verdict == "no skill" else "unsure", verdict, f"{title}: {'; '.join(parts)}. {errors}.")
    values = [skill.value for skills in found.values() for _, skill in skills if skill.value is not None]
    span = f" (skill {min(values):+.2f} to {max(values):+.2f})" if values else ""
    beaten = listed([words(name) for name in found])
    return Finding("good", "skill", f"{title}: better than {beaten} at every horizon{span}. {errors}.")


def where(horizons: list[int], count: int) -> str:
    """At which horizons."""
    if len(horizons) == count:
        return "at every horizon" if count > 1 else f"at horizon {horizons[0]}"
    return f"at {'horizon' if len(horizons) == 1 else 'horizons'} {listed(horizons)}"


def skill_chart(title: str, rows: list[Row]) -> Chart:
    """Skill by horizon, a line a baseline, and the errors in the table."""
    horizons = [row["horizon"] for row in rows]
    seen: list[float | None] = []
    traces, columns, cells = [], ["horizon", "RMSE"], [[str(h) for h in horizons], aligned([r["rmse"] for r in rows])]
    for number, name in enumerate(baselines_of(rows)):
        skills = [skill_of(row, name) for row in rows]
        values = [skill.value for skill in skills]
        seen += [bound for skill in skills for bound in (skill.value, skill.low, skill.high)]
        bars = error_bars(values, [interval95(row, f"skill_{name}") for row in rows])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"over {words(name)}",
                "x": horizons,
                "y": values,
                "hovertemplate": hover("horizon %{x}: %{y:+.3f}"),
            }
            | nth(number)
            | bars
        )
        columns += [f"RMSE of {words(name)}", f"skill over {words(name)}", "verdict"]
        cells.append(aligned([rmse_of(row, name) for row in rows]))
        cells.append([skill_text(skill.value, skill.low, skill.high) for skill in skills])
        cells.append([skill.word for skill in skills])
    drawn = figure(
        traces,
        horizon_axis(horizons),
        axis("skill over the baseline", range=span_of(seen, 0.0)),
        shapes=[level_line(0)],
    )
    drawn["layout"]["showlegend"] = True
    table = Table(tuple(columns), tuple(zip(*cells, strict=True)))
    return Chart(f"Skill: {title}", f"Skill of {title} over each baseline, by horizon; 0 is no skill.", drawn, table)


def skill_text(value: float | None, low: float | None, high: float | None) -> str:
    """A skill with its interval."""
    if value is None:
        return ABSENT
    return f"{value:+.3f}" + ("" if low is None or high is None else f" ({low:+.3f} to {high:+.3f})")


def coverage_finding(report: "ReportData", variable: str, title: str) -> Finding | None:
    """The outermost band of one variable against its claim and what chance allows."""
    rows = [row for row in rows_of(report, variable) if row["coverage"] is not None]
    if not rows:
        return None
    claim = rows[0]["intervals"][0]["expected"]
    covered = [row["coverage"] for row in rows]
    span = share(covered[0]) if len(rows) == 1 else f"{share(min(covered))} to {share(max(covered))}"
    text = f"{title}: the {percent(claim)} band covers {span}"
    chance = next((row for row in report.evaluation["chance"] if row["expected"] == claim), None)
    if not report.evaluation["calibrated"]:
        return Finding("unsure", "not calibrated", f"{text}; the run has no calibration.")
    if chance is None:
        return Finding("plain", "coverage", f"{text}.")
    out = [row["horizon"] for row in rows if not chance["low"] <= row["coverage"] <= chance["high"]]
    frames = f"{chance['calibration_frames']} frames to calibrate on and {chance['scored_frames']} to score"
    expected = f"by chance, with {frames}, {share(chance['low'])} to {share(chance['high'])}"
    if out:
        return Finding("bad", "coverage off", f"{text}; {expected}: outside {where(out, len(rows))}.")
    if chance["high"] - chance["low"] > VAGUE:
        return Finding("unsure", "too few frames", f"{text}; {expected}: these cannot tell a good band from a bad one.")
    return Finding("good", "coverage", f"{text}; {expected}.")


def audit_finding(report: "ReportData") -> Finding:
    """What the audit of the first step found."""
    audit = report.audit
    if audit is None:
        return Finding("unsure", "no audit", "The run holds no gradient audit.")
    difference = significant(audit["reference"]["max_abs_difference"])
    reference = audit["reference"]["engine"]
    text = f"Engine {audit['engine']}; largest difference to the gradients of {reference}: {difference}."
    if audit["verdict"] == "pass":
        return Finding("good", "isolation holds", f"Every loss moves only the groups that it is tagged with. {text}")
    problems = " ".join(audit["problems"])
    return Finding("bad", f"audit: {audit['verdict']}", f"{text} {problems}".strip())

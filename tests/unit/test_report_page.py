"""The page as text: every section has its say, nothing in a name gets out, and each chart is one that plotly takes."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects as go
from support.tiny_reports import HOSTILE, enriched, hostile

from stq.app import ReportData
from stq.report.html import report_page
from stq.report.html._json_block import inert, json_block

ORDER = [
    "verdict",
    "training",
    "gradients",
    "coverage",
    "reliability",
    "pit",
    "widths",
    "maps",
    "spectra",
    "data",
    "reproduce",
]


class Elements(HTMLParser):
    """Start tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data

    def ids(self, tag: str) -> list[str | None]:
        return [attributes.get("id") for name, attributes in self.tags if name == tag]


def data_of(page: str) -> dict[str, object]:
    (block,) = re.findall(r'<script type="application/json" id="report-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(block)


def test_the_verdict_comes_first_and_every_section_in_its_order(whole: ReportData, bare: ReportData) -> None:
    for report in (whole, enriched(whole), bare):
        assert Elements(report_page([report])).ids("section") == ORDER


def test_no_skill_is_said_plainly(whole: ReportData) -> None:
    page = Elements(report_page([enriched(whole)]))
    assert "air, K: no skill over" in page.text
    assert "no skill over linear at horizon 1; skill within chance over linear at horizon 2" in page.text


def test_every_chart_has_a_table_labelled_axes_and_words_for_who_cannot_see_it(whole: ReportData) -> None:
    page = report_page([enriched(whole)])
    found = Elements(page)
    plots = [attributes for name, attributes in found.tags if attributes.get("class") == "plot"]
    figures = data_of(page)["figures"]
    assert isinstance(figures, list)
    assert [plot["data-figure"] for plot in plots] == [str(number) for number in range(len(figures))]
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert len([name for name, _ in found.tags if name == "table"]) >= len(figures) + 1
    for drawn in figures:
        go.Figure(drawn)  # refuses what plotly does not know
        assert drawn["layout"]["xaxis"]["title"]["text"]
        assert drawn["layout"]["yaxis"]["title"]["text"]
        assert all(trace.get("y") or trace.get("z") for trace in drawn["data"])


def test_what_a_run_lacks_is_a_sentence_and_no_chart(bare: ReportData, whole: ReportData) -> None:
    page = report_page([bare])
    text = Elements(page).text
    for sentence in ("there is no band", "no quantile levels", "no map of its width", "The run has no band."):
        assert sentence in text
    assert 'id="map-width"' not in page
    assert (
        "Not computed by this version of stq eval."
        in Elements(report_page([replace(whole, evaluation=stripped(whole))])).text
    )
    empty = replace(whole, audit=None, curves=None)
    assert "The run holds no gradient audit." in Elements(report_page([empty])).text
    assert "No epoch of training is recorded" in Elements(report_page([empty])).text
    uncalibrated = replace(whole, evaluation={**whole.evaluation, "calibrated": False, "chance": []})
    assert "The run has no calibration" in Elements(report_page([uncalibrated])).text


def stripped(report: ReportData) -> dict[str, object]:
    """An evaluation of before the further keys."""
    further = {"baselines", "pit", "reliability", "reliability_raw", "spectrum", "interval95"}
    rows = [{key: value for key, value in row.items() if key not in further} for row in report.evaluation["scores"]]
    return {**report.evaluation, "scores": rows}


def test_names_are_text_wherever_they_stand(whole: ReportData) -> None:
    page = report_page([hostile(enriched(whole))])
    found = Elements(page)
    assert [name for name, _ in found.tags].count("script") == 3
    assert not [name for name, _ in found.tags if name == "img"]
    assert found.text.count("<script>") > 10
    assert HOSTILE in found.text
    texts = json.dumps(data_of(page)["figures"])
    assert "<script>" not in texts
    assert "&lt;script&gt;" in texts


def test_nothing_is_asked_of_a_network(whole: ReportData) -> None:
    page = report_page([whole])
    found = Elements(page)
    links = [a[key] for _, a in found.tags for key in ("src", "href") if a.get(key)]
    assert [link for link in links if not str(link).startswith(("#", "data:"))] == []
    assert page.count("plotly.js v") == 1
    assert "default-src 'none'" in page


def test_several_runs_stand_side_by_side_with_their_differences(whole: ReportData, bare: ReportData) -> None:
    other = replace(whole, run=Path("elsewhere") / "b")
    text = Elements(report_page([whole, other])).text
    assert "Each run minus whole" in text
    assert f"0 of {len(whole.errors.issued)}" in text
    assert "Not drawn: the runs were not scored on the same data." in Elements(report_page([whole, bare])).text


def test_a_block_of_data_keeps_its_words_and_shows_no_markup() -> None:
    value = {"</script>": ["<!--", "\u2028", "é&", float("nan"), 1.5]}
    text = json_block(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"</script>": ["<!--", "\u2028", "é&", None, 1.5]}


def test_texts_for_plotly_keep_its_line_breaks_and_nothing_else() -> None:
    assert inert({"text": ["a\nb", "<b>&</b>", "%{x}<extra></extra>"], "n": 3}) == {
        "text": ["a<br>b", "&lt;b&gt;&amp;&lt;/b&gt;", "%{x}<extra></extra>"],
        "n": 3,
    }


def with_rows(report: ReportData, **changes: object) -> ReportData:
    """The same report with these keys in every row of the scores."""
    rows = [{**row, **changes} for row in report.evaluation["scores"]]
    return replace(report, evaluation={**report.evaluation, "scores": rows})


def test_nothing_is_better_than_a_baseline_without_error(whole: ReportData) -> None:
    """As of a truth that never changes: the skill is not defined, and nobody has any."""
    made = with_rows(whole, skill_persistence=None, rmse_persistence=0.0, skill_climatology=0.5, baselines={})
    text = Elements(report_page([made])).text
    assert "air, K: no skill over persistence at every horizon" in text
    assert "air, K: better than" not in text


def test_skill_without_an_interval_is_not_called_skill(whole: ReportData) -> None:
    made = with_rows(whole, skill_persistence=0.5, skill_climatology=0.5, baselines={}, interval95={})
    text = Elements(report_page([made])).text
    assert "air, K: lower errors than persistence at every horizon, without an interval" in text
    assert "air, K: better than" not in text


def test_frames_are_counted_in_plain_numbers(whole: ReportData) -> None:
    text = Elements(report_page([with_rows(whole, effective_frames=123.4)])).text
    assert "they are worth about 123." in text


def test_a_missing_spectrum_has_its_true_reason(whole: ReportData) -> None:
    text = Elements(report_page([with_rows(whole, spectrum=None)])).text
    assert "no spectrum, for a side of the field has fewer than 8 cells" in text


def test_what_the_evaluation_noted_of_the_calibration_stands_in_the_section_of_coverage(whole: ReportData) -> None:
    made = replace(whole, evaluation={**whole.evaluation, "notes": ["few frames to calibrate on in May (2)"]})
    assert "few frames to calibrate on in May (2)" in Elements(report_page([made])).text


def test_a_change_from_an_error_of_nothing_is_no_percentage(whole: ReportData) -> None:
    exact = with_rows(whole, rmse=0.0)
    assert "Paired differences" in Elements(report_page([exact, whole])).text

"""The page of `stq report` in a real browser: quiet, self-contained, drawn, and alive under the keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import Browser, chromium, why_not
from support.tiny_reports import HOSTILE, enriched, hostile

from stq.app import ReportData
from stq.report.html import report_page

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

PAGES = ("whole", "further", "bare", "hostile", "several")

DRAWN = """
return [...document.querySelectorAll(".plot, .map")].map((element) => ({
    name: element.getAttribute("aria-label"),
    marks: element.querySelectorAll(".trace, .hm image, .hm canvas, .bars .point, .scatterlayer path").length,
    titles: [...element.querySelectorAll(".xtitle, .ytitle")].filter((title) => title.textContent).length,
}))
"""

BEYOND = """
return [...document.querySelectorAll("main *, header *")]
    .filter((element) => !element.closest(".scroll, pre, .plot, .map"))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80));
"""

CLOSED = """
return [...document.querySelectorAll("main figure:has(.plot)")].filter((figure) => {
    figure.querySelector("summary").click();
    return figure.querySelector("tbody td").getBoundingClientRect().height === 0;
}).length;
"""

STATE = """
return {
    caption: document.getElementById("map-caption").textContent,
    horizon: document.getElementById("map-horizon").value,
    truth: document.getElementById("map-truth").data[0].z.flat(),
    picture: document.querySelector("#map-truth .hm image").getAttribute("href")
        || document.querySelector("#map-truth .hm image").getAttribute("xlink:href"),
}
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def pages(whole: ReportData, bare: ReportData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    reports = {
        "whole": [whole],
        "further": [enriched(whole)],
        "bare": [bare],
        "hostile": [hostile(enriched(whole))],
        "several": [whole, enriched(bare)],
    }
    found = {name: folder / f"{name} page.html" for name in PAGES}
    for name, path in found.items():
        path.write_text(report_page(reports[name]), encoding="utf-8")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_chart_is_drawn_without_a_complaint_or_a_request_and_fits_the_window(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name])
    drawn = browser.run(DRAWN)
    assert drawn
    assert [each["name"] for each in drawn if each["marks"] == 0 or each["titles"] != 2] == []
    assert browser.run(BEYOND) == []
    browser.resize(400)
    assert browser.comes_true("document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(BEYOND) == []
    assert browser.complaints() == []
    assert browser.requests() == []
    if name == "hostile":
        assert browser.run("return window.stolen === undefined && document.querySelectorAll('img').length === 0")
        assert browser.run("return document.querySelector('h1').textContent") == HOSTILE
        assert HOSTILE in browser.run("return document.querySelector('#map-variable').textContent")
        assert "<script>" in browser.run("return document.querySelector('.colorbar, .cbtitle').textContent")


def test_the_keyboard_moves_the_slider_and_the_map_with_it(browser: Browser, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(pages["whole"])
    before = browser.run(STATE)
    slider = browser.driver.find_element(By.ID, "map-horizon")
    slider.send_keys(Keys.ARROW_RIGHT)
    after = browser.run(STATE)
    assert (before["horizon"], after["horizon"]) == ("0", "1")
    assert "horizon 1" in before["caption"]
    assert "horizon 2" in after["caption"]
    assert before["truth"] != after["truth"]
    assert before["picture"] != after["picture"]
    assert browser.run("return document.getElementById('map-horizon').getAttribute('aria-valuetext')") == "horizon 2"
    browser.driver.find_element(By.CSS_SELECTOR, "#map-cases input:checked").send_keys(Keys.ARROW_RIGHT)
    case = browser.run(STATE)
    assert "median" in case["caption"]
    assert case["truth"] != after["truth"]
    browser.driver.find_element(By.ID, "map-variable").send_keys(Keys.ARROW_DOWN)
    assert browser.run(STATE)["caption"].startswith("sea, K")
    assert browser.complaints() == []


def test_the_map_holds_the_numbers_and_masks_what_is_missing(
    browser: Browser, pages: dict[str, Path], bare: ReportData
) -> None:
    browser.open(pages["bare"])
    frame = bare.maps.variables[0].cases[0].frames[0]
    found = browser.run(STATE)["truth"]
    expected = frame.truth.flatten().tolist()
    assert [value is None for value in found] == [value != value for value in expected]
    span = max(v for v in expected if v == v) - min(v for v in expected if v == v)
    assert all(abs(a - b) < span / 60000 for a, b in zip(found, expected, strict=True) if a is not None)
    bottom, top = browser.run("return document.getElementById('map-truth').layout.yaxis.range")
    assert bottom > top  # the first row stands at the top


def test_a_table_opens_behind_every_chart_and_the_page_prints(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["further"])
    assert browser.run(CLOSED) == 0
    assert browser.print().startswith(b"%PDF")
    browser.resize(700, "print")
    assert browser.run("return getComputedStyle(document.querySelector('.map-controls')).display") == "none"
    assert browser.run("return getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert (
        browser.run("return Math.max(...[...document.querySelectorAll('.main-svg')].map((s) => s.clientWidth))") <= 660
    )
    assert browser.complaints() == []

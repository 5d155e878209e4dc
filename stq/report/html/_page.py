"""The page, put together."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stq import __version__
from stq.report.html._audit import audit
from stq.report.html._card import card
from stq.report.html._coverage import coverage
from stq.report.html._curves import curves
from stq.report.html._json_block import inert, json_block
from stq.report.html._maps import maps
from stq.report.html._parts import Section
from stq.report.html._reliability import pit, reliability
from stq.report.html._reproduce import reproduce
from stq.report.html._several import comparison
from stq.report.html._spectra import spectra
from stq.report.html._verdict import verdict
from stq.report.html._widths import widths

if TYPE_CHECKING:
    from stq.app import ReportData

SECTIONS = (verdict, curves, audit, coverage, reliability, pit, widths, maps, spectra, card, reproduce)


def report_page(reports: "Sequence[ReportData]") -> str:
    """One run in full, or several beside one another, as the text of one HTML file that needs nothing else.

    The page forbids itself every request and every script but its own two (by a content security policy that holds
    their hashes), so that nothing in a name, a spec or a file can run or call out.
    """
    if len(reports) == 1:
        sections = [make(reports[0]) for make in SECTIONS]
        title = reports[0].name
    else:
        names = run_names(reports)
        sections = comparison(reports, names)
        sections += [
            relabelled(reproduce(report), number, name)
            for number, (report, name) in enumerate(zip(reports, names, strict=True))
        ]
        title = f"{len(reports)} runs compared"
    figures = [inert(chart.figure) for section in sections for chart in section.charts]
    panel = next((section.maps for section in sections if section.maps is not None), None)
    data = {"figures": figures, "maps": None if panel is None else panel.content}
    environment = Environment(
        loader=PackageLoader("stq.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = (plotly_script(), source(environment, "page.js"))
    text = environment.get_template("page.html").render(
        title=title,
        sections=sections,
        version=__version__,
        split=reports[0].split,
        scripts=[Markup(script) for script in scripts],
        hashes=[sha256(script) for script in scripts],
        style=Markup(source(environment, "page.css")),
        data=Markup(json_block(data)),
    )
    return text.encode(errors="backslashreplace").decode()  # a path may hold bytes that are no letters


def run_names(reports: "Sequence[ReportData]") -> list[str]:
    """The folder of each run, with as much of the path before it as tells them apart."""
    for depth in range(1, 6):
        names = ["/".join(report.run.absolute().parts[-depth:]) for report in reports]
        if len(set(names)) == len(names):
            return names
    return [f"{number}: {report.run}" for number, report in enumerate(reports, start=1)]


def relabelled(section: Section, number: int, name: str) -> Section:
    """The same section under the name of its run."""
    return Section(
        f"{section.id}-{number + 1}", f"{section.title}: {name}", tables=section.tables, listings=section.listings
    )


@cache
def plotly_script() -> str:
    """plotly.js as it is packaged with plotly."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def source(environment: Environment, name: str) -> str:
    """A file among the templates, as it stands."""
    loader = environment.loader
    assert loader is not None  # for the type checker: it is made above
    return loader.get_source(environment, name)[0]


def sha256(script: str) -> str:
    """As a content security policy names a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

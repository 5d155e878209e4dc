"""The page of `stq report`: values in, the text of one self-contained HTML file out.

Each section is a function from `ReportData` to a `Section` of sentences, charts and tables; `report_page` puts them
into the templates with plotly.js, once. Nothing is computed here but the order of things. Every word that comes from a
spec, a file or a plugin is escaped, in the markup by jinja2 and in the block of data by `json_block`.
"""

from stq.report.html._page import report_page

__all__ = ["report_page"]

"""What a page or a terminal is made to show, by names and texts that come from specs and files."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr
from reliability.promise import Promise, Tally
from support.command_line import stq, write_spec
from support.grids import seasonal
from support.plugin_files import LOSS
from support.tiny_reports import enriched, hostile, whole_report

from stq.app import ReportData
from stq.report.html import report_page

ATTACKS = (
    "</script><script>alert(1)</script><img src='x' onerror='alert(1)'>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    '<a href="javascript:alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "<!--",
    "<!--<script>",
    "-->",
    "]]>",
    "</style><style>*{display:none}</style>",
    "</title><body onload=alert(1)>",
    "</pre></details><h1>x</h1>",
    "</textarea></select></table></svg></math>",
    "<base href='//x.example/'>",
    "<meta http-equiv=refresh content='0;url=//x.example/'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=//x.example><input name=a></form>",
    "<plaintext>",
    "{{ 7 * 7 }}{% include 'x' %}${7*7}#{7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\u2028alert(1)\u2029//",
    "<extra></extra><b>x</b>",
    "a<extra></extra>",
    "%{x}<br><b>%{y}</b>",
    "`${alert(1)}`",
    "'; alert(1); //",
    '"}]}; alert(1); //',
    "</noscript><script>alert(1)</script>",
    "\x00\x08\x1b[2J<b>",
    "\udc80<b>",
    "<b" + ">" * 2000,
    "x" * 5000,
)
"""Names that would be more than names if a page let them."""


class Page(HTMLParser):
    """The elements of a page with their attributes, and its scripts; texts are passed over."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[object] = []
        self.scripts: list[str] = []
        self.data = ""
        self._in: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        free = ("aria-label", "alt", "title")
        self.shape.append((tag, *((name, None if name in free else value) for name, value in attributes)))
        if tag == "script":
            self._in = dict(attributes).get("type") or "script"
            if self._in == "script":
                self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(f"/{tag}")
        self._in = None

    def handle_data(self, text: str) -> None:
        if self._in == "script":
            self.scripts[-1] += text
        elif self._in is not None:
            self.data += text

    def handle_comment(self, text: str) -> None:
        self.shape.append(f"<!--{text}")

    def handle_decl(self, text: str) -> None:
        self.shape.append(f"<!{text}")

    def handle_pi(self, text: str) -> None:
        self.shape.append(f"<?{text}")


def texts_of(value: object) -> Iterator[str]:
    """Every text in a JSON document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *texts_of(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)


@cache
def reports() -> tuple[ReportData, ...]:
    """A report that has everything, and pages of one and of two runs are made of it."""
    with TemporaryDirectory() as folder:
        return (enriched(whole_report(Path(folder))),)


def page_of(attack: str, number: int) -> Page:
    """The page with everything that a person can name so called; every other one is of two runs."""
    (report,) = reports()
    one = hostile(report, attack)
    page = report_page([one] if number % 2 == 0 else [one, hostile(report, attack)])
    return Page(page.encode().decode())


def nothing_on_a_page_comes_from_a_name(count: int, folder: Path) -> Tally:
    """The page of an attack has the elements, attributes and scripts of the page of a harmless name."""
    broken = []
    harmless = [page_of("plain", number) for number in (0, 1)]
    for number, attack in enumerate(ATTACKS[:count]):
        page, other = page_of(attack, number), harmless[number % 2]
        name = repr(attack)[:60]
        if page.shape != other.shape:
            odd = next(
                (pair for pair in zip(page.shape, other.shape, strict=False) if pair[0] != pair[1]), "its length"
            )
            broken.append(f"{name}: the page differs in {odd}")
        if page.scripts != other.scripts:
            broken.append(f"{name}: another script")
        if re.search("[<>&\u2028\u2029]", page.data):
            broken.append(f"{name}: the data can end its element")
        figures = json.loads(page.data)["figures"]
        for text in texts_of(figures):
            if "<" in re.sub(r"<br>|<extra></extra>\Z", "", text):
                broken.append(f"{name}: plotly would read markup in {text[:80]!r}")
                break
    return Tally(min(count, len(ATTACKS)), tuple(broken))


SIGNS = (
    "\x1b[2J\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x.example\x1b\\",
    "\x9b2J",
    "\x1bc",
    "\u202egnp.",
    "\r\x08\x08",
    "\x7f",
    "[bold red]x[/bold red]",
    "[/]",
    ":skull:",
)
"""What a terminal, or rich, would act on."""

Screen = Callable[[str, Path], list[object]]


def inspected(sign: str, folder: Path) -> list[object]:
    """A variable of that name, with such units."""
    path = folder / "signs.nc"
    steps = xr.date_range("2000-01-01", periods=20, freq="D")
    attributes = {"units": f"K{sign}", "long_name": sign}
    field = xr.DataArray(seasonal(20), dims=("time", "lat", "lon"), coords={"time": steps}, attrs=attributes)
    plain = all(character.isprintable() for character in sign)  # netCDF names have no control characters
    xr.Dataset({f"air{sign}".replace("/", "|") if plain else "air": field}).to_netcdf(path, engine="netcdf4")
    return ["data", "inspect", path]


def inspected_archive(sign: str, folder: Path) -> list[object]:
    """An array of that name, in an archive of NumPy's."""
    np.savez(folder / "signs.npz", **{f"air{sign}": seasonal(20)})
    return ["data", "inspect", folder / "signs.npz"]


def unknown_key(sign: str, folder: Path) -> list[object]:
    """A spec with a key of that name, in quotes of YAML."""
    path = folder / "signs.yaml"
    path.write_text(f"data: {{source: a.nc, targets: [a]}}\nlosses: [mse]\n{json.dumps('k' + sign)}: 1\n")
    return ["check", path]


def shown_value(sign: str, folder: Path) -> list[object]:
    """A text in a spec."""
    path = folder / "signs.yaml"
    text = "split: {train: 0.7, val: 0.1, test: 0.2}}"
    path.write_text(f"data: {{source: a.nc, targets: [{json.dumps('a' + sign)}], {text}\nlosses: [mse]\n")
    return ["config", "show", path]


def lacking_variable(sign: str, folder: Path) -> list[object]:
    """A target that the data does not have."""
    return ["check", folder / "tiny.yaml", "--set", f"data.targets=[{json.dumps('a' + sign)}]"]


def lacking_file(sign: str, folder: Path) -> list[object]:
    """A file of that name."""
    return ["check", folder / f"none{sign}.yaml", "--debug"]


def wrong_option(sign: str, folder: Path) -> list[object]:
    """An option of the command line."""
    return ["check", f"--{sign}"]


def listed_run(sign: str, folder: Path) -> list[object]:
    """A damaged run in a folder of that name."""
    run = folder / "runs" / f"run{sign}".replace("/", "|")
    run.mkdir(parents=True, exist_ok=True)
    (run / "resolved.yaml").write_text(json.dumps({f"k{sign}": 1}))
    return ["runs", folder / "runs"]


def tried_loss(sign: str, folder: Path) -> list[object]:
    """A loss with such a docstring, whose error says such things."""
    text = LOSS.format(name="mine").replace(
        "return masked_mean", f"raise ValueError({sign!r})\n        return masked_mean"
    )
    (folder / "signs.py").write_text(text.replace("Mean absolute error.", sign.replace("\\", "")), encoding="utf-8")
    return ["losses", "test", folder / "signs.py"]


def broken_plugin(sign: str, folder: Path) -> list[object]:
    """A plugin file that fails with such words."""
    (folder / "signs.py").write_text(f"raise ValueError({sign!r})")
    return ["check", folder / "tiny.yaml", "--set", "plugins=[signs.py]", "--debug"]


SCREENS: tuple[Screen, ...] = (
    inspected,
    inspected_archive,
    unknown_key,
    shown_value,
    lacking_variable,
    lacking_file,
    wrong_option,
    listed_run,
    tried_loss,
    broken_plugin,
)


def acted_on(character: str) -> bool:
    """Whether a terminal would do something else than show it."""
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def nothing_on_a_terminal_comes_from_a_name(count: int, folder: Path) -> Tally:
    """Every sign in every screen, and every sign as a document."""
    write_spec(folder)
    pairs = [(sign, screen) for sign in SIGNS for screen in SCREENS]
    chosen = [pairs[number * 37 % len(pairs)] for number in range(min(count, len(pairs)))]
    broken = []
    for number, (sign, screen) in enumerate(chosen):
        place = folder / str(number)
        place.mkdir()
        for file in ("tiny.yaml", "grid.nc"):
            (place / file).symlink_to(folder / file)
        arguments = screen(sign, place)
        result = stq(*arguments)
        raw = "".join(filter(acted_on, result.output))
        name = f"{screen.__name__} with {sign!r}"
        if raw:
            broken.append(f"{name}: {raw!r} reaches the terminal")
        if result.exit_code not in (0, 2, 3, 4):
            broken.append(f"{name}: exit {result.exit_code}, {result.output[-200:]}")
        if sign.startswith("[") and sign not in result.output and screen is not listed_run:
            broken.append(f"{name}: markup was taken for markup")
        json.loads(stq(*arguments, "--json").stdout)
    return Tally(len(chosen), tuple(broken))


PROMISES = (
    Promise(
        name="hostile-page",
        text="Script tags, quotes, event handlers, `javascript:` addresses, template and plotly markup in every name, "
        "unit, path, note, loss and spec that `stq report` shows: no element, attribute or script of the page is "
        "another than with harmless names",
        check=nothing_on_a_page_comes_from_a_name,
        full=len(ATTACKS),
        short=8,
    ),
    Promise(
        name="hostile-terminal",
        text="Escape sequences of terminals, marks that turn the direction of writing and rich's markup in names of "
        "files, variables, units, keys, runs and in messages of plugins: shown, never acted on",
        check=nothing_on_a_terminal_comes_from_a_name,
        full=len(SIGNS) * len(SCREENS),
        short=12,
    ),
)

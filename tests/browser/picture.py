"""A picture of a report for the documentation: `python tests/browser/picture.py REPORT.html PICTURE.png`."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.browser import chromium

WIDTH = 1100
MOST_BYTES = 400_000


def main() -> None:
    """The top of the page, and the maps."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("report", type=Path)
    arguments.add_argument("picture", type=Path)
    given = arguments.parse_args()
    given.picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        browser.open(given.report, WIDTH)
        hidden = ("training", "coverage", "reliability", "pit", "widths", "spectra", "data", "reproduce")
        browser.run("for (const id of arguments[0]) document.getElementById(id).hidden = true", hidden)
        browser.screenshot(given.picture)
    size = given.picture.stat().st_size
    print(f"{given.picture}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES / 1000:.0f} kB")


if __name__ == "__main__":
    main()

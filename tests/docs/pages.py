"""Writes the pages of docs/ that are made from the code: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.made_pages import MADE_PAGES

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write each."""
    for name, page in MADE_PAGES.items():
        (DOCS / name).write_text(page())
        print(f"docs/{name}")


if __name__ == "__main__":
    main()

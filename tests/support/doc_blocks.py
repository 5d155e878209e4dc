"""The code of a documentation page: fenced blocks, and indented ones that hold commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES += (*sorted(ROOT.glob("plugins/*/README.md")), ROOT / "stq" / "routing" / "README.md")
"""The pages whose code, commands and specs are held to what they say."""

PROGRAMS = ("stq", "pip", "make", "git", "torchrun", "python")
"""What the first word of an indented block has to be for it to count as commands."""

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(rf"(?<=\n\n)(?: {{4}}(?:{'|'.join(PROGRAMS)}) .*\n)(?: {{4}}.*\n)*")
_MARK = re.compile(r"<!-- (not run|file): (.+?) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """One block of a page, with the number of its first line.

    `not_run` is the reason that stands above it, `<!-- not run: REASON -->`; `file` what a reader saves it as,
    `<!-- file: NAME -->`. The language of commands is `sh`, of a block without one an empty text.
    """

    line: int
    language: str
    text: str
    not_run: str = ""
    file: str = ""

    def commands(self) -> Iterator[list[str]]:
        """The words of each command; comments are left out, and a line that ends in a backslash goes on."""
        for line in self.text.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    text = page.read_text()
    found = [(match.start(), match[1], match[2]) for match in _FENCED.finditer(text)]
    fenced = [range(*match.span()) for match in _FENCED.finditer(text)]
    for match in _INDENTED.finditer(text):
        if not any(match.start() in span for span in fenced):
            found.append((match.start(), "sh", re.sub("^ {4}", "", match[0], flags=re.MULTILINE)))
    return [_block(text, *each) for each in sorted(found)]


def _block(page: str, start: int, language: str, text: str) -> Block:
    mark = _MARK.search(page[:start].rstrip("\n") + "\n")
    said = {mark[1]: mark[2]} if mark else {}
    line = page.count("\n", 0, start) + 1
    return Block(line, language, text, said.get("not run", ""), said.get("file", ""))

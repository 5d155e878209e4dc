"""A reader who types in what a documentation page says, in a folder of their own."""

import re
import sys
from pathlib import Path

from support.command_line import stq
from support.doc_blocks import ROOT, Block, blocks_of

EPOCHS = "trainer.max_epochs=1"


def follow(page: Path) -> None:
    """Do in the working directory what the page says, block by block, and see that what it shows comes out.

    Trainings take one epoch where the page doesn't say how many, and a comparison is only planned. What sets up a
    machine (pip, make, git) is not done: there have to be the folder and the target.
    """
    blocks = blocks_of(page)
    for block in blocks:
        if block.file:
            Path(block.file).write_text(block.text)
    printed = ""
    for block in blocks:
        place = f"{page.relative_to(ROOT)}:{block.line}"
        if block.not_run:
            continue
        if block.language == "python":
            exec(compile(block.text, place, "exec"), {"__name__": "documentation"})
        elif block.language == "sh":
            printed = "".join(typed(words, place) for words in block.commands())
        elif block.language == "text" and printed:
            assert not_printed(block, printed) == [], f"{place}: not what the commands above print"


def not_printed(shown: Block, printed: str) -> list[str]:
    """Lines of an output that is shown whose words stand in no line that the commands printed.

    Numbers are not compared: they differ from machine to machine, and with the epochs that a training takes.
    """
    lines = [words_of(line) for line in printed.splitlines()]
    return [line for line in shown.text.splitlines() if not any(words_of(line) <= words for words in lines)]


def words_of(line: str) -> set[str]:
    return set(re.findall(r"[A-Za-z][\w.]*", line))


def typed(words: list[str], place: str) -> str:
    """What a command prints; it has to succeed."""
    program, *arguments = words
    if program == "stq":
        result = stq(*shortened(arguments))
        assert result.exit_code == 0, f"{place}: {' '.join(words)}\n{result.output}"
        return result.stdout
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(arguments) <= set(targets), place
    elif program == "pip":
        folder = ROOT / re.sub(r"\[.*", "", arguments[-1])
        assert arguments[0] == "install", place
        assert (folder / "pyproject.toml").exists() or arguments[-1] == "stq[geo]", place
    else:
        assert program in ("git", "cd"), f"{place}: {program} is not run: mark the block, <!-- not run: REASON -->"
    return ""


def shortened(arguments: list[str]) -> list[str]:
    """The same in less time."""
    if arguments[0] == "train" and "--resume" not in arguments and "max_epochs" not in " ".join(arguments):
        return [*arguments, "--set", EPOCHS]
    if arguments[0] == "tune":
        return [*arguments, "--trials", "1", "--set", EPOCHS]
    if arguments[0] == "compare":
        return [*arguments, "--dry-run"]
    return arguments


def forget(folder: Path) -> None:
    """Drop the modules that were imported from a folder, so that another may have files of the same names."""
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(folder):
            del sys.modules[name]

"""What the documentation names is there, and what is there it names: links, specs, commands, options, hooks, pages."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from support.doc_blocks import PAGES, ROOT, blocks_of
from typer.main import get_command

import stq.app
import stq.data
from stq import hookspecs
from stq.cli import app
from stq.registry import load_losses
from stq.spec import parse_spec

FOLDERS = ("", ".github", "docs", "examples", "examples/data", "plugins/*", "stq/*", "tests", "tests/*")
EVERY_PAGE = sorted({page for folder in FOLDERS for page in ROOT.glob(f"{folder}/*.md".lstrip("/"))})


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(language: str) -> list[object]:
    """Every fenced block in that language, with its page as the name of the case."""
    found = []
    for page in PAGES:
        for number, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)):
            found.append(pytest.param(text, id=f"{named(page)}-{number}"))
    return found


@pytest.mark.parametrize("text", blocks("yaml"))
def test_specs_in_the_documentation_parse(text: str) -> None:
    """A fragment is completed by the two keys that every spec needs."""
    whole = text
    if not re.search(r"^data:", text, re.MULTILINE):
        whole += "data: {source: some.nc, targets: [air]}\n"
    if not re.search(r"^losses:", text, re.MULTILINE):
        whole += "losses: [mse, pinball]\n"
    assert parse_spec(whole).spec.losses


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`(?!\])", "", prose(page)))


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by: small letters, digits, - and _, a space as -."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w -]", "", words).replace(" ", "-")
        number = 0
        while (unique := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(unique)
    return found


@pytest.mark.parametrize("page", EVERY_PAGE, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            good = address.scheme in ("https", "http") and "." in address.netloc
        else:
            target = page.parent / unquote(address.path) if address.path else page
            good = target.exists() and (not address.fragment or address.fragment in anchors(target))
        if not good:
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", EVERY_PAGE, ids=named)
def test_no_page_waits_for_a_table_that_is_to_come(page: Path) -> None:
    assert re.findall(r"^[A-Z]{3,}$|\b(?:TODO|TBD|FIXME)\b", prose(page), re.MULTILINE) == []


def test_every_page_is_linked_from_the_readme_and_from_the_contents() -> None:
    pages = {page.resolve() for page in (ROOT / "docs").glob("*.md")}
    for contents in (ROOT / "README.md", ROOT / "docs" / "README.md"):
        linked = {(contents.parent / link.partition("#")[0]).resolve() for link in links(contents) if "://" not in link}
        assert sorted(map(named, pages - linked - {contents})) == []


def all_commands(group: Any, name: str = "stq") -> Iterator[tuple[str, Any]]:
    """The command line itself, and every command below it, by its whole name."""
    yield name, group
    for key, command in getattr(group, "commands", {}).items():
        yield from all_commands(command, f"{name} {key}")


COMMANDS = dict(all_commands(get_command(app)))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_options_and_make_targets_exist(page: Path) -> None:
    text = page.read_text()
    typed = re.findall(r"`(stq [^`\n]+)`", text)
    typed += [" ".join(words) for block in blocks_of(page) if block.language == "sh" for words in block.commands()]
    wrong = [words for words in typed if words.startswith("stq ") and not known(words.split())]
    assert wrong == []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets


def known(words: list[str]) -> bool:
    """Whether there is such a command, with the options that are written behind it."""
    depth = 1 if words[1].startswith("-") else 3 if " ".join(words[:3]) in COMMANDS else 2
    name = " ".join(words[:depth])
    if name not in COMMANDS:
        return False
    allowed = {opt for key in (name, "stq", "stq losses list") for p in COMMANDS[key].params for opt in p.opts}
    options = (word.strip("[]").partition("=")[0] for word in words if re.match(r"\[?--?[a-z]", word))
    return allowed | {"--help"} >= set(options)


def test_every_command_option_and_loss_is_documented() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    assert [name for name in COMMANDS if name not in text] == []
    options = {opt for command in COMMANDS.values() for p in command.params for opt in p.opts if opt.startswith("--")}
    assert [option for option in options if f"{option}" not in text] == []
    assert [name for name in load_losses() if f"`{name}`" not in text and f"## {name}\n" not in text] == []


@pytest.mark.parametrize("name", [name for name, each in COMMANDS.items() if not hasattr(each, "commands")])
def test_every_command_answers_programs_and_shows_tracebacks_where_asked(name: str) -> None:
    assert {"--json", "--debug"} <= {option for parameter in COMMANDS[name].params for option in parameter.opts}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_list_of_commands_says_the_whole_of_what_each_does(name: str) -> None:
    commands = getattr(COMMANDS[name], "commands", {})
    assert [key for key, command in commands.items() if command.get_short_help_str(limit=79).endswith("...")] == []


def test_every_hook_is_explained_where_plugins_are() -> None:
    hooks = [name for name, each in vars(hookspecs).items() if inspect.isfunction(each) and name.startswith("stq_")]
    assert len(hooks) >= 4
    text = (ROOT / "docs" / "plugins.md").read_text()
    assert [hook for hook in hooks if f"`{hook}`" not in text] == []


@pytest.mark.parametrize("package", [stq.app, stq.data], ids=lambda package: package.__name__)
def test_every_module_of_a_large_package_has_its_place_in_its_map(package: ModuleType) -> None:
    folder = Path(str(package.__file__)).parent
    modules = [path.stem for path in folder.glob("_*.py") if path.stem != "__init__"]
    packages = [path.parent.name for path in folder.glob("*/__init__.py")]
    assert [name for name in modules + packages if f"`{name}`" not in (package.__doc__ or "")] == []

"""What the documentation shows is true: its code runs, its specs parse, its links and commands exist."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

import stq.app
import stq.data
from stq.cli import app
from stq.registry import load_losses
from stq.spec import parse_spec

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [*sorted(ROOT.glob("plugins/*/README.md")), ROOT / "stq" / "routing" / "README.md"]


def blocks(language: str) -> list[object]:
    """Every fenced block in that language, with its page as the name of the case."""
    found = []
    for page in PAGES:
        for number, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)):
            found.append(pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}"))
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_in_the_documentation_runs(code: str) -> None:
    exec(compile(code, "documentation", "exec"), {"__name__": "documentation"})


@pytest.mark.parametrize("text", blocks("yaml"))
def test_specs_in_the_documentation_parse(text: str) -> None:
    """A fragment is completed by the two keys that every spec needs."""
    whole = text
    if not re.search(r"^data:", text, re.MULTILINE):
        whole += "data: {source: some.nc, targets: [air]}\n"
    if not re.search(r"^losses:", text, re.MULTILINE):
        whole += "losses: [mse, pinball]\n"
    assert parse_spec(whole).spec.losses


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if "://" not in link]
    missing = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_make_targets_exist(page: Path) -> None:
    text = page.read_text()
    commands = set(get_command(app).commands)
    named = set(re.findall(r"`stq ([a-z][a-z-]*)", text)) | set(
        re.findall(r"^ {4}stq ([a-z][a-z-]*)", text, re.MULTILINE)
    )
    assert named <= commands
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets


def test_every_command_and_every_loss_is_documented() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    commands = get_command(app).commands
    assert [name for name in commands if f"stq {name}" not in text] == []
    assert [name for name in load_losses() if name not in text] == []


@pytest.mark.parametrize("package", [stq.app, stq.data], ids=lambda package: package.__name__)
def test_every_module_of_a_large_package_has_its_place_in_its_map(package: ModuleType) -> None:
    folder = Path(str(package.__file__)).parent
    modules = [path.stem for path in folder.glob("_*.py") if path.stem != "__init__"]
    packages = [path.parent.name for path in folder.glob("*/__init__.py")]
    assert [name for name in modules + packages if f"`{name}`" not in (package.__doc__ or "")] == []

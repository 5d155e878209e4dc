"""Every distribution in plugins/ is whole: what an author copies from it works for them as well."""

import ast
import tomllib
from pathlib import Path

import pytest

from stq.hookspecs import API

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_it_has_an_entry_point_a_readme_a_test_and_the_version_of_the_api(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == folder.name
    [module] = project["entry-points"]["stq"].values()
    assert module == folder.name.replace("-", "_")
    tree = ast.parse((folder / "src" / module / "__init__.py").read_text())
    named = {target.id: node.value for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    assert ast.literal_eval(named["stq_api"]) == API
    assert f"# {folder.name}" in (folder / "README.md").read_text()
    assert project["dependencies"] == ["stq"]
    assert list((folder / "tests").glob("test_*.py"))
    assert folder.name in (ROOT / "CHANGELOG.md").read_text()


def test_import_linter_holds_it_to_the_public_api(folder: Path) -> None:
    settings = tomllib.loads((ROOT / "plugins" / "importlinter.toml").read_text())["tool"]["importlinter"]
    module = folder.name.replace("-", "_")
    assert module in settings["root_packages"]
    assert all(module in contract.get("source_modules", contract.get("modules")) for contract in settings["contracts"])
    assert "lint-imports --config plugins/importlinter.toml" in (ROOT / "Makefile").read_text()

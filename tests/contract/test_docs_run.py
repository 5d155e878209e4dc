"""Whoever types in what the documentation says gets what it promises: every block of code and commands is run."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.doc_blocks import PAGES, ROOT, blocks_of
from support.doc_reader import follow, forget

TUTORIAL = ROOT / "docs" / "tutorial.md"
NOT_RUN: dict[str, list[str]] = {}
"""Every block that is not run, by page, with the reason that stands above it there. One more is one more here."""


@pytest.fixture(scope="module")
def after_the_tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a reader who has done what the tutorial says: `sea.nc`, `sea.yaml`, `runs/sea` and the rest."""
    folder = tmp_path_factory.mktemp("reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        follow(TUTORIAL)
    return folder


@pytest.fixture
def reader(after_the_tutorial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, with the examples of the repository and a run of `make demo` (the tutorial's own, by that name)."""
    folder = tmp_path / "reader"
    shutil.copytree(after_the_tutorial, folder)
    shutil.copytree(folder / "runs" / "sea", folder / "runs" / "demo")
    (folder / "examples").symlink_to(ROOT / "examples")
    shutil.copy(folder / "sea.nc", folder / "my.nc")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield folder
    forget(folder)


def test_the_tutorial_leads_to_a_forecast(after_the_tutorial: Path) -> None:
    assert (after_the_tutorial / "forecast.nc").exists()
    assert (after_the_tutorial / "runs" / "sea" / "report.html").exists()


SHORT = {"README.md", "CONTRIBUTING.md", "docs/export.md", "docs/plugins.md", "docs/predict.md", "docs/tune.md"}
"""Pages that are typed in at every run; the others at `make test-slow`."""
NAMES = [str(page.relative_to(ROOT)) for page in PAGES if page != TUTORIAL]


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_every_block_of_a_page_does_what_it_says(name: str, reader: Path) -> None:
    follow(ROOT / name)


def test_what_is_not_run_is_known() -> None:
    marked: dict[str, list[str]] = {}
    for page in PAGES:
        if reasons := [block.not_run for block in blocks_of(page) if block.not_run]:
            marked[str(page.relative_to(ROOT))] = reasons
    assert marked == NOT_RUN
    run = [block for page in PAGES for block in blocks_of(page) if block.language in ("python", "sh")]
    assert len(run) > 20

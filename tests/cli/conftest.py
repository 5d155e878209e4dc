"""One tiny run, trained once, that every command is tried on."""

import shutil
from pathlib import Path

import pytest
from support.command_line import Trained, document, stq, write_spec


@pytest.fixture(scope="session")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec file that trains in a second, beside its data."""
    return write_spec(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def trained(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The run; nothing may change in it, but for what `eval` and `report` add."""
    run = tmp_path_factory.mktemp("runs") / "tiny run"
    result = stq("train", spec, "--run-dir", run, "--json")
    assert result.exit_code == 0, result.stderr
    held = frozenset(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    return Trained(run, spec, document(result), result.stderr, held)


@pytest.fixture
def run_copy(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, to be damaged or continued."""
    return Path(shutil.copytree(trained.run, tmp_path_factory.mktemp("copy") / "run"))


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""What most tests of this folder begin with."""

from pathlib import Path

import pytest
from support.tiny_runs import tiny_source


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file of data; a file of tests that needs another one has a fixture of the same name."""
    return tiny_source(tmp_path_factory.mktemp("source"))

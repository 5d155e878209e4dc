"""Every test runs with shapes checked: jaxtyping's annotations are enforced by beartype over the whole package."""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
import_module("support.shape_checker")  # the hook below looks for its last name on an imported package
install_import_hook("stq", "support.shape_checker.checked")
torch.set_num_threads(1)

if TYPE_CHECKING:
    from stq.app import ReportData


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> "ReportData":
    """The report of a run that has everything; made once."""
    from support.tiny_reports import whole_report

    return whole_report(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> "ReportData":
    """The report of a run that has as little as a run can have; made once."""
    from support.tiny_reports import bare_report

    return bare_report(tmp_path_factory.mktemp("bare"))


settings.register_profile("stq", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("stq")

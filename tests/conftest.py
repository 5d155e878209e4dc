"""Every test runs with shapes checked: jaxtyping's annotations are enforced by beartype over the whole package."""

import sys
from importlib import import_module
from pathlib import Path

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
import_module("support.shape_checker")  # the hook below looks for its last name on an imported package
install_import_hook("stq", "support.shape_checker.checked")
torch.set_num_threads(1)

settings.register_profile("stq", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("stq")

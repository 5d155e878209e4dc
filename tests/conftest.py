"""Every test runs with shapes checked: jaxtyping's annotations are enforced by beartype over the whole package."""

import sys
from pathlib import Path

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
install_import_hook("stq", "beartype.beartype")
torch.set_num_threads(1)

settings.register_profile("stq", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("stq")

"""Every loss that is at hand, built-in or installed, keeps the contract that the routing relies on."""

import inspect
from pathlib import Path

import pytest

from stq.losses import loss_options
from stq.registry import load_losses
from stq.testing import check_loss

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_loss.py"
REGISTRY = load_losses([EXAMPLE])


@pytest.mark.parametrize("name", list(REGISTRY))
def test_every_loss_passes_the_kit(name):
    check_loss(REGISTRY[name].cls).raise_for_failures()


@pytest.mark.parametrize("name", [name for name in REGISTRY if REGISTRY[name].distribution.startswith("stq")])
def test_our_losses_state_equation_unit_source_and_options(name):
    text = inspect.getdoc(REGISTRY[name].cls)
    assert "L = " in text or "    d = " in text
    assert "normalised" in text or "number between" in text
    assert "doi:" in text or "arXiv:" in text
    assert all(option.doc for option in loss_options(REGISTRY[name].cls).values())


def test_the_five_losses_of_the_reference_recipe_are_there_with_their_tags():
    central = ("backbone", "central")
    tags = {name: REGISTRY[name].cls.updates for name in ("mse", "ssim", "laplacian", "histogram", "pinball")}
    assert tags == dict.fromkeys(("mse", "ssim", "laplacian", "histogram"), central) | {"pinball": ("quantiles",)}


def test_the_example_fits_on_a_slide():
    code = EXAMPLE.read_text().split('"""')
    assert sum(bool(line.strip()) for line in "".join(code[::2]).splitlines()) <= 15

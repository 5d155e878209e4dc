"""Plugin files of the user's own."""

import hashlib
import subprocess
import sys

import pytest
from support.plugin_files import LOSS

from stq.errors import PluginError
from stq.registry import load_losses


@pytest.fixture
def write(tmp_path):
    def write(source, name="my_loss.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        return path

    return write


def test_a_local_file_brings_its_losses_under_its_own_path(write):
    path = write(LOSS.format(name="mine"))
    registry = load_losses([path])
    assert registry.get("mine").distribution == str(path)
    (plugin,) = registry.local
    assert plugin.path == path
    assert plugin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_of_one_name_do_not_shadow_each_other_nor_any_module(write):
    one = write(LOSS.format(name="one"), "a/hashlib.py")
    two = write(LOSS.format(name="two"), "b/hashlib.py")
    registry = load_losses([one, two])
    assert {"one", "two"} <= set(registry)
    assert hashlib.__file__ not in (str(one), str(two))


def test_a_file_is_run_once_and_again_when_it_changes(write):
    path = write(LOSS.format(name="mine"))
    first = load_losses([path, path]).get("mine").cls
    assert load_losses([path]).get("mine").cls is first
    write(LOSS.format(name="mine").replace(".abs()", ".square()"))
    assert load_losses([path]).get("mine").cls is not first
    assert not (path.parent / "__pycache__").exists()


def test_a_file_may_postpone_its_annotations_and_use_dataclasses(write):
    source = LOSS.format(name="postponed").replace(
        "class Absolute(Loss):",
        "@dataclass\nclass Settings:\n    power: float = 1.0\n\n\nclass Absolute(Loss):",
    )
    source = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + source
    assert "postponed" in load_losses([write(source)])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\n\nthis is no Python\n", r"my_loss\.py:3: SyntaxError"),
        ("x = 1\ny = x / 0\n", r"my_loss\.py:2: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(7)\n", r"my_loss\.py:2: SystemExit: 7"),
        ("import torch\ntorch.zeros(2).view(3)\n", r"my_loss\.py:2: RuntimeError"),
        ("x = 1\n", r"my_loss\.py: it implements no hook"),
        ("from stq import hookimpl\n@hookimpl\ndef stq_losses(x): return []\n", r"(?s)my_loss\.py: .*stq_losses"),
        ("from stq import hookimpl\n@hookimpl\ndef stq_losses(): return 1 / 0\n", r"my_loss\.py: .*ZeroDivisionError"),
        (
            "from stq import hookimpl\n@hookimpl\ndef stq_looses(): return []\n",
            r"my_loss\.py: .*did you mean 'stq_losses'\?$",
        ),
        (LOSS.format(name="mse"), r"two losses are called 'mse', of stq and .*my_loss\.py"),
        (LOSS.format(name="m").replace("updates", "groups"), r"my_loss\.py: .*updates = "),
    ],
)
def test_what_is_wrong_with_a_local_file_is_raised_with_its_place(write, source, words):
    path = write(source)
    with pytest.raises(PluginError, match=words):
        load_losses([path])
    with pytest.raises(PluginError, match=words):  # and again: nothing half-loaded is left behind
        load_losses([path])


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    with pytest.raises(PluginError, match=r"no_such\.py can't be read: No such file"):
        load_losses([tmp_path / "no_such.py"])
    with pytest.raises(PluginError, match="can't be read"):
        load_losses([tmp_path])


def test_a_local_file_stays_when_installed_plugins_are_switched_off(write, monkeypatch):
    monkeypatch.setenv("STQ_NO_PLUGINS", "1")
    names = set(load_losses([write(LOSS.format(name="mine"))]))
    assert names == {"mse", "ssim", "laplacian", "histogram", "pinball", "mine"}


def test_all_that_a_plugin_needs_is_stq_and_stq_losses(write):
    """In a fresh interpreter, without what tests import: the file loads, and the loss has a gradient."""
    path = write(LOSS.format(name="mine"))
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from stq.registry import load_losses\nfrom stq.testing import check_loss\n"
        "check_loss(load_losses([Path(sys.argv[1])]).get('mine').cls).raise_for_failures()\n"
        "assert not {'pytest', 'pytorch_lightning', 'xarray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=120)

"""What is installed is known without importing any of it."""

import json
import subprocess
import sys

from support.plugin_files import install

from stq.registry import PluginInfo, discover

LISTING = """
import json, sys
sys.path.insert(0, sys.argv[1])
from stq.registry import discover
plugins = [vars(plugin) for plugin in discover()]
heavy = {"torch", "numpy", "xarray", "pydantic", "pytorch_lightning", "bomb"} & set(sys.modules)
print(json.dumps([sorted(heavy), plugins]))
"""


def test_listing_plugins_imports_neither_them_nor_torch(tmp_path):
    install(tmp_path, "bomb", "raise RuntimeError('imported')")
    done = subprocess.run(
        [sys.executable, "-c", LISTING, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    heavy, plugins = json.loads(done.stdout)
    assert heavy == []
    assert {"name": "losses", "distribution": "bomb", "version": "1.2", "module": "bomb", "builtin": False} in plugins


def test_two_distributions_may_use_one_entry_point_name(tmp_path, monkeypatch):
    install(tmp_path, "one-plugin", "")
    install(tmp_path, "two-plugin", "")
    monkeypatch.syspath_prepend(tmp_path)
    found = [plugin for plugin in discover() if plugin.version == "1.2"]
    assert [(plugin.name, plugin.distribution) for plugin in found] == [
        ("losses", "one-plugin"),
        ("losses", "two-plugin"),
    ]


def test_what_is_built_in_comes_as_plugins_and_as_the_only_ones_when_plugins_are_off(tmp_path, monkeypatch):
    install(tmp_path, "one-plugin", "")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STQ_NO_PLUGINS", "1")
    assert all(isinstance(plugin, PluginInfo) and plugin.builtin for plugin in discover())
    found = [(plugin.distribution, plugin.module) for plugin in discover()]
    assert found == [("stq", "stq.losses"), ("stq", "stq.models"), ("stq", "stq.metrics"), ("stq", "stq.data")]
    monkeypatch.setenv("STQ_NO_PLUGINS", "0")
    assert "one-plugin" in [plugin.distribution for plugin in discover()]

"""Installed plugins, for the tests of one."""

import sys

import pytest


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed distributions, on the path; what was imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]

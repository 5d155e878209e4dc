"""Readers of plugins: sound ones, broken ones, and two that clash."""

import subprocess
import sys

import numpy as np
import pytest
from support.grids import request_for, seasonal
from support.plugin_files import install

from stq.data import RegularTime, read_series
from stq.errors import PluginError
from stq.registry import check_plugins, load_losses, load_readers, refuse_clashing

READER = """
from stq import hookimpl

@hookimpl
def stq_readers():
    from contextlib import contextmanager
    import numpy as np
    import xarray as xr
    from stq.data import Reader

    class Text(Reader):
        name = "{name}"
        suffixes = ("{suffix}",)

        @contextmanager
        def open(self, address):
            yield xr.Dataset({{"air": (("time", "y", "x"), np.loadtxt(address).reshape(-1, 4, 5))}})

    return [Text]
"""


def test_a_plugin_reads_files_of_its_own_and_brings_no_losses(site):
    install(site, "text-reader", READER.format(name="text", suffix=".cells.txt"))
    field = seasonal(30)
    np.savetxt(site / "a.cells.txt", field.reshape(-1, 5))
    readers = tuple(entry.cls() for entry in load_readers().entries.values())
    time = RegularTime((1995, 1, 1, 0, 0, 0), "6h")
    series = read_series(request_for(site / "a.cells.txt", readers=readers, time=time))
    np.testing.assert_allclose(series.values[:, 0], field)
    assert load_losses().broken == ()


def test_a_local_file_may_bring_a_reader(tmp_path):
    path = tmp_path / "my_reader.py"
    path.write_text(READER.format(name="mine", suffix=".mine"))
    assert load_readers([path]).entries["mine"].distribution == str(path)


BROKEN = {
    "not-a-reader": ("return [Text]", "return [int]", "subclasses of stq.data.Reader"),
    "no-name": ('name = "text"', 'name = ""', "needs a name"),
    "no-suffix": ('(".txt",)', "()", "endings of its files"),
    "upper-case": ('(".txt",)', '(".TXT",)', "endings of its files"),
    "no-open": ("def open", "def close", "needs an open"),
    "arguments": (
        "        @contextmanager",
        "        def __init__(self, x): pass\n        @contextmanager",
        "without arg",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_reader_is_set_aside_with_its_cause(site, name):
    old, new, cause = BROKEN[name]
    source = READER.format(name="text", suffix=".txt")
    assert old in source
    install(site, f"broken-{name}", source.replace(old, new))
    registry = load_readers()
    assert "text" not in registry.entries
    [broken] = [bad for bad in registry.broken if bad.distribution == f"broken-{name}"]
    assert cause in broken.cause


def test_of_an_ending_that_two_readers_open_only_such_files_are_refused_and_both_are_named(site):
    install(site, "second-clash", READER.format(name="text", suffix=".nc"))
    registry = load_readers()
    refuse_clashing(registry, ["a.zarr", "https://elsewhere.nc/a.npy"])
    with pytest.raises(PluginError, match=r"two readers open files that end in '\.nc', of stq and second-clash"):
        refuse_clashing(registry, ["a.zarr", "data/*.NC"])


def test_a_second_reader_of_one_name_is_known_by_its_ending_no_more_and_told_by_check(site):
    install(site, "second-clash", READER.format(name="netcdf", suffix=".t"))
    assert load_readers().entries["netcdf"].distribution == "stq"
    [clash] = check_plugins()
    assert clash.distribution == "second-clash"
    assert "two readers are called 'netcdf', of stq and second-clash" in clash.cause


def test_asking_for_losses_does_not_bring_xarray():
    code = "import sys; from stq.registry import load_losses; load_losses(); print('xarray' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"

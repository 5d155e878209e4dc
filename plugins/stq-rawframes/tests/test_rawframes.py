"""Only what stq makes public is used here, as in any plugin's own tests."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from stq.data import list_sources, open_source
from stq.errors import DataError
from stq.registry import load_readers

FRAMES = np.random.default_rng(0).integers(-100, 100, size=(12, 4, 5)).astype(">i2")


@pytest.fixture
def described(tmp_path):
    """Twelve frames in two files, each behind a header of seven bytes."""
    for number, part in enumerate(np.split(FRAMES, [5])):
        (tmp_path / f"{number}.bin").write_bytes(bytes(7) + part.tobytes())
    path = tmp_path / "a.raw.json"
    keys = {"files": "*.bin", "dtype": ">i2", "shape": [None, 4, 5], "variable": "signal", "header": 7, "missing": 3}
    path.write_text(json.dumps(keys))
    return path


def sources(path):
    readers = tuple(entry.cls() for entry in load_readers().entries.values())
    return list_sources([str(path)], readers=readers)


def test_stq_finds_the_reader_by_its_entry_point(described):
    assert load_readers().entries["raw"].distribution == "stq-rawframes"
    assert sources(described)[0].reader.name == "raw"


def test_what_is_indexed_is_what_was_written(described):
    [source] = pickle.loads(pickle.dumps(sources(described)))
    wanted = np.where(FRAMES == 3, np.nan, FRAMES.astype(np.float32))
    with open_source(source) as dataset:
        signal = dataset["signal"]
        np.testing.assert_array_equal(signal.values, wanted)
        np.testing.assert_array_equal(signal[4:7, 1:3].values, wanted[4:7, 1:3])
        np.testing.assert_array_equal(signal[-1, :, 2].values, wanted[-1, :, 2])
        np.testing.assert_array_equal(signal[[1, 8, 3], 0].values, wanted[[1, 8, 3], 0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [None, 4, 6]}, r"0\.bin: holds 200 bytes .* no frames of 48 bytes"),
        ({"shape": [5, 4, 5]}, r"1\.bin: holds 280 bytes .* no 5 frames"),
        ({"shape": [4, 5]}, "shape is"),
        ({"dtype": "O"}, "no real numbers"),
        ({"dtype": "int17"}, "dtype is 'int17'"),
        ({"files": "*.raw"}, "no file matches"),
        ({"heder": 7}, 'did you mean "header"'),
        ({"header": -1}, "header is -1"),
        ({"missing": "x"}, "missing is 'x'"),
    ],
)
def test_a_wrong_description_is_refused_by_name(described, change, words):
    described.write_text(json.dumps({**json.loads(described.read_text()), **change}))
    with pytest.raises(DataError, match=words), open_source(sources(described)[0]):
        pass


def test_the_plugin_does_not_bring_xarray_before_it_is_asked_for_readers():
    code = "import sys, stq_rawframes; print('xarray' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"

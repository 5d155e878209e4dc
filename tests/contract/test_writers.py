"""Nothing is written but through `stq.files`: a file that stands is whole."""

import re
from pathlib import Path

STQ = Path(__file__).parents[2] / "stq"
WRITING = re.compile(
    r"\.(write_text|write_bytes|to_netcdf|to_zarr|symlink_to|rename)\(|os\.(replace|rename|link)\(|"
    r"""shutil\.(copy|move)\w*\(|open\([^()]*["'][wax]b?\+?["']|\bnp\.save\w*\(|torch\.save\("""
)
ALLOWED = {
    "files/": "the home of writing",
    "locks.py": "a lock, which is no output",
    "training/_checkpoints.py": "into the folder that stq.files gives",
    "data/_write_store.py": "into the folder that stq.files gives",
    "data/_forecast_seal.py": "into the file that stq.files gives",
    "data/_statistics_file.py": "into memory",
    "data/_strata_map.py": "into memory",
    "app/exporting/": "into the folder that stq.files gives",
    "app/_new_loss.py": "into the folder that stq.files gives",
    "app/_metrics_file.py": "appends a row, and takes back what the disk took a part of",
    "testing/": "into a temporary folder",
    "cli/_main.py": "the null device",
}


def test_every_writer_goes_through_the_files_module() -> None:
    found = {}
    for path in sorted(STQ.rglob("*.py")):
        name = path.relative_to(STQ).as_posix()
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if WRITING.search(line)]
        if lines and not any(name.startswith(allowed) for allowed in ALLOWED):
            found[name] = lines
    assert not found


def test_the_search_finds_what_it_is_for() -> None:
    for line in ('path.open("w")', 'open(path, "wb")', "path.write_text(x)", "os.replace(a, b)", "np.savez(f)"):
        assert WRITING.search(line)
    assert not WRITING.search('path.open(newline="", encoding="utf-8")')

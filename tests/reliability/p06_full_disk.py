"""A disk that fills up while anything but a checkpoint is written."""

import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from reliability.promise import Promise, Tally
from support.forked import Child
from support.written import Written, all_written, content

from stq import files
from stq.errors import DiskError

PAGE = 4096
OVERWRITTEN = ("statistics.npz", "calibration.json", "baselines.json", "report.html")
"""What is written again over what is there."""


def check(count: int, folder: Path) -> Tally:
    """In turn by a limit to the size of a file and, where a tmpfs can be mounted, on a full disk."""
    random, broken = Random(6), []
    page = Written("report.html", lambda path: files.write(path, "<p>" * 20_000), lambda path: {})
    kinds, full = [*all_written(folder), page], 0
    largest = {}
    for written in kinds:
        written.write(folder / written.name)
        largest[written.name] = max(map(len, content(folder / written.name).values()))
    for number in range(count):
        written = kinds[number % len(kinds)]
        place = folder / f"trial-{number}"
        place.mkdir()
        with tmpfs(place) if number // len(kinds) % 2 else nothing() as mounted:
            full += mounted
            old = place / written.name
            if written.name in OVERWRITTEN:
                old.write_text("what was there before")
            if mounted:
                fill(place, random.randrange(-(-largest[written.name] // PAGE)))
            limit = None if mounted else random.randrange(largest[written.name])
            before = content(place)
            child = Child(limited(written.write, old, limit), folder / "told")
            code, text = child.wait(), child.text()
            child.told.unlink()
            lines = re.sub(r"_tiff\w+Proc: [\w ]*\.?\n?", "", text).splitlines()  # GDAL's own, which nothing can stop
            if code != 74 or len(lines) != 1 or str(old) not in lines[0] or " free)" not in lines[0]:
                broken.append(f"{written.name}, limit {limit}: exit code {code}, {text[-300:]!r}")
            if content(place) != before or any(each.name not in before_names(before) for each in place.iterdir()):
                broken.append(f"{written.name}, limit {limit}: not as before: {[*place.iterdir()]}")
        shutil.rmtree(place)
    return Tally(count, tuple(broken), f"{full} on a full tmpfs, the others with a limit to the size of a file")


def limited(write: Callable[[Path], object], path: Path, limit: int | None) -> Callable[[], None]:
    """Write under the limit, and say what came of it without."""

    def run() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        try:
            write(path)
        except DiskError:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            raise
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return run


def before_names(before: dict[str, bytes]) -> set[str]:
    return {Path(name).parts[1] for name in before}


def fill(place: Path, pages: int) -> None:
    """Leave so many pages free."""
    free = shutil.disk_usage(place).free
    (place / "filler").write_bytes(bytes(free - pages * PAGE))


@contextmanager
def tmpfs(place: Path) -> Iterator[bool]:
    """A small disk at `place`; False where this process may not mount one."""
    asked = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], capture_output=True)
    try:
        yield asked.returncode == 0
    finally:
        if asked.returncode == 0:
            subprocess.run(["umount", str(place)], check=True)


@contextmanager
def nothing() -> Iterator[bool]:
    yield False


PROMISES = (
    Promise(
        "full-disk-files",
        "The disk fills up while statistics, corrections, baselines, packed data, forecasts or a report are written: "
        "exit code 74, one line with the path and the room that is left, what was there before is intact, and nothing "
        "is left",
        check,
        200,
        24,
    ),
)

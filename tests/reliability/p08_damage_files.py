"""Bytes that change in what a run and its forecasts are made of.

Two checks may find the same byte: of `statistics.npz`, the checksums within the archive and the one over its numbers.
A fault in one alone breaks no trial.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from reliability.promise import Promise, Tally
from support.written import all_written, content, same

from stq.errors import CheckFailed

KINDS = {
    "statistics": ("statistics.npz",),
    "calibration": ("calibration.json", "baselines.json"),
    "packed data": ("sea.store",),
    "forecasts": ("out.nc", "out.zarr", "out.tif"),
}


def flips(names: tuple[str, ...]) -> Callable[[int, Path], Tally]:
    """So many trials, each with one byte changed of one of these things, chosen evenly over all of its bytes."""

    def check(count: int, folder: Path) -> Tally:
        random, broken, refused = Random(8), [], 0
        kinds = [written for written in all_written(folder) if written.name in names]
        places = {written.name: folder / written.name / written.name for written in kinds}
        for written in kinds:
            places[written.name].parent.mkdir()
            written.write(places[written.name])
        truths = {written.name: written.read(places[written.name]) for written in kinds}
        whole = {written.name: content(places[written.name]) for written in kinds}
        for number in range(count):
            written = kinds[number % len(kinds)]
            files = whole[written.name]
            file = random.choices(list(files), [len(text) for text in files.values()])[0]
            damaged = bytearray(files[file])
            place = random.randrange(len(damaged))
            damaged[place] ^= random.choice((random.randrange(1, 256), 1 << random.randrange(8)))  # often a single bit
            there = places[written.name].parent / file
            there.write_bytes(damaged)
            try:
                if not same(truths[written.name], written.read(places[written.name])):
                    broken.append(f"{file}, byte {place}: loads, and something else comes out")
            except CheckFailed:
                refused += 1
            except Exception as error:
                broken.append(f"{file}, byte {place}: {type(error).__name__}: {error}")
            there.write_bytes(files[file])
        harmless = count - refused - len(broken)
        return Tally(count, tuple(broken), f"{refused:,} refused, {harmless:,} with every value as it was")

    return check


PROMISES = tuple(
    Promise(
        f"damage-{kind.replace(' ', '-')}",
        f"One byte changed in {kind} ({', '.join(names)}): refused with exit code 4, or every value is as it was",
        flips(names),
        300,
        15,
    )
    for kind, names in KINDS.items()
)

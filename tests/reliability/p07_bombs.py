"""Texts that are small to write and would be large to read: specs, overrides, documents of a run."""

import gc
import json
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from reliability.promise import Promise, Tally
from support.forked import Child

from stq.calibration import ConformalCalibration
from stq.documents import parse_json
from stq.errors import CheckFailed, SpecError
from stq.spec import load_spec, parse_dimension, parse_spec

SECONDS, MEGABYTES = 0.5, 200
"""What reading one may take at most."""
SOUND = "data: {source: a.nc, targets: [a], split: {train: 0.7, val: 0.1, test: 0.2}}\nlosses: [mse]\n"
BIG = 100_000
"""Characters or values of most of them; less than what is refused by its length alone."""

SPECS: dict[str, str] = {
    "a long text": "name: " + "x" * BIG,
    "a long text in quotes": 'name: "' + "x" * BIG + '"',
    "a text of escapes": 'name: "' + "\\x41" * (BIG // 4) + '"',
    "a text of many lines": "name: x\n" + " x\n" * (BIG // 3),
    "a folded text": "name: >\n" + " x\n\n" * (BIG // 4),
    "a list of many": "data: {targets: [" + "a," * (BIG // 2) + "]}",
    "a list of many lines": "data:\n" + "- a\n" * (BIG // 4),
    "a list of lists": "data: [" + "[a]," * (BIG // 4) + "]",
    "as many losses as are read": "losses: [" + "mse," * 4980 + "]",
    "as many levels as are read": "quantiles: {levels: [" + "0.5," * 4970 + "]}",
    "as many targets as are read": "data: {targets: [" + "a," * 4970 + "]}",
    "as many keys as are read": "".join(f"k{number}: 1\n" for number in range(2490)),
    "as many options as are read": "losses: [{loss: mse, " + "".join(f"k{n}: 1, " for n in range(2400)) + "}]",
    "many keys": "".join(f"k{number}: 1\n" for number in range(BIG // 10)),
    "many questions": "? a\n" * (BIG // 4),
    "a long key": "x" * BIG + ": 1",
    "a long key in quotes": '"' + "x" * BIG + '": 1',
    "deep brackets": "data: " + "[" * BIG,
    "deep braces": "data: " + "{a: " * (BIG // 4),
    "deep lines": "".join(" " * depth + "a:\n" for depth in range(400)),
    "deep dashes": "- " * (BIG // 2),
    "deep questions": "? " * (BIG // 2),
    "an alias many times": "a: &a [x]\nb: [" + "*a," * 4900 + "]",
    "a laugh of aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n + 1}: &a{n + 1} [{','.join([f'*a{n}'] * 9)}]\n" for n in range(30)),
    "an alias of itself": "a: &a [*a, *a]\n",
    "a laugh of merges": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n + 1}: &a{n + 1} {{<<: [{','.join([f'*a{n}'] * 9)}]}}\n" for n in range(30)),
    "many merges": "a: &a {x: 1}\n" + "<<: *a\n" * (BIG // 8),
    "many anchors": "".join(f"k{number}: &a{number} 1\n" for number in range(BIG // 20)),
    "many tags": "a: " + "!x " * (BIG // 3),
    "a tag that runs": "name: !!python/object/apply:os.system [true]",
    "many documents": "---\n" * (BIG // 4),
    "many directives": "%YAML 1.1\n" * (BIG // 10),
    "a version of many digits": "%YAML 1." + "1" * BIG + "\n---\na: 1",
    "a huge integer": "seed: " + "9" * BIG,
    "a huge hexadecimal": "seed: 0x" + "f" * BIG,
    "a huge octal": "seed: 0o" + "7" * BIG,
    "an integer of 65 bits": "seed: 36893488147419103232",
    "a huge power": "seed: 1e" + "9" * BIG,
    "a number past all": "optim: {lr: 1e400}",
    "a long fraction": "optim: {lr: 0." + "0" * BIG + "1}",
    "a tower of powers": 'data: {derived: {a: {expr: "' + "9**" * 600 + 'x"}}}',
    "deep parentheses": 'data: {derived: {a: {expr: "' + "(" * 1900 + 'x"}}}',
    "a long expression": 'data: {derived: {a: {expr: "' + "x+" * (BIG // 2) + 'x"}}}',
    "a comment": "#" * BIG,
    "empty lines": "\n" * BIG,
    "spaces": " " * BIG,
    "tabs": "\t" * BIG,
    "longer than what is read": "# " + "x" * 20_000_000,
    "colons": "a:" * (BIG // 2),
    "commas": "a: [" + "," * BIG,
    "quotes": "a: " + "'" * BIG,
    "no end of a quote": "a: '" + "x\n" * (BIG // 2),
    "dates": "data: {split: {train: [" + "1990-01-01," * 4900 + "]}}",
    "groups": "groups: {" + "".join(f"k{number}: [a], " for number in range(1200)) + "}",
    "plugins": "plugins: [" + "".join(f"k{number}.py, " for number in range(4900)) + "]",
}
OVERRIDES: dict[str, str] = {
    "many steps": "a." * BIG + "a=1",
    "a long step": "a" * BIG + "=1",
    "an index of many digits": "losses." + "9" * BIG + "=1",
    "a long list": "data.targets=[" + "a," * BIG + "]",
    "a long value": "name=" + "x" * BIG,
    "a deep value": "data=" + "[" * BIG,
    "an alias": "data.targets=[&a [x], " + "*a," * 4900 + "]",
    "a huge integer": "seed=" + "9" * BIG,
    "a huge power": "optim.lr=1e" + "9" * BIG,
    "nothing but spaces": "seed=" + " " * BIG,
    "nothing but signs": "=" * BIG,
    "nothing but dots": "." * BIG,
}
SEARCHES: dict[str, str] = {
    "a long range": "optim.lr=" + "9" * BIG + ".." + "9" * BIG,
    "a long list": "model.hidden=[" + "1," * BIG + "]",
    "deep": "model.hidden=" + "[" * BIG,
}
DOCUMENTS: dict[str, Callable[[], str]] = {
    "deep lists": lambda: "[" * BIG,
    "deeper lists": lambda: "[" * 3_000_000,
    "deep mappings": lambda: '{"a":' * BIG,
    "many lists": lambda: "[" + "[]," * 5_000_000 + "[]]",
    "many mappings": lambda: "[" + '{"a":{}},' * 2_000_000 + "{}]",
    "many numbers": lambda: "[" + "1," * 7_000_000 + "1]",
    "a huge integer": lambda: '{"a": ' + "9" * 5_000_000 + "}",
    "a huge power": lambda: '{"a": 1e' + "9" * 1_000_000 + "}",
    "a long text": lambda: '{"a": "' + "x" * 30_000_000 + '"}',
    "a long key": lambda: '{"' + "x" * 30_000_000 + '": 1}',
    "escapes": lambda: '{"a": "' + "\\u0041" * 5_000_000 + '"}',
    "spaces": lambda: " " * 30_000_000,
    "NaN": lambda: '{"kind": NaN, "sha256": Infinity, "content": -Infinity}',
}
"""Of a run: audit, calibration, environment ... Made in the child, so that making them is not counted."""


def bombs() -> list[tuple[str, Callable[[Path], object]]]:
    """Every one, by name: what reads it, given a folder to put a file into."""
    found: list[tuple[str, Callable[[Path], object]]] = []
    found += [(f"spec: {name}", partial(as_file, text)) for name, text in SPECS.items()]
    found += [(f"--set: {name}", partial(as_override, text)) for name, text in OVERRIDES.items()]
    found += [(f"--over: {name}", partial(as_search, text)) for name, text in SEARCHES.items()]
    found += [(f"document: {name}", partial(as_document, make)) for name, make in DOCUMENTS.items()]
    return found


def as_file(text: str, folder: Path) -> Callable[[], object]:
    """A spec in a file."""
    path = folder / "bomb.yaml"
    path.write_text(text)
    return partial(load_spec, path)


def as_override(argument: str, folder: Path) -> Callable[[], object]:
    """An argument of `--set` over a sound spec."""
    return partial(parse_spec, SOUND, overrides=[argument])


def as_search(argument: str, folder: Path) -> Callable[[], object]:
    """An argument of `stq tune --over`."""
    return partial(parse_dimension, argument)


def as_document(make: Callable[[], str], folder: Path) -> Callable[[], object]:
    """A document of a run, sealed and not."""
    text = make()

    def read() -> None:
        ConformalCalibration.from_json(text)
        parse_json(text)

    return read


def no_text_costs_much(count: int, folder: Path) -> Tally:
    """Each in a child of its own, which measures itself."""
    broken: list[str] = []
    slowest, largest = 0.0, 0.0
    chosen = bombs()[:: max(1, len(bombs()) // count)]
    for name, prepare in chosen:
        seconds, megabytes, outcome = measured(prepare, folder)
        if seconds > SECONDS:  # a machine at work on other things is no fault of the text
            seconds, megabytes, outcome = min(measured(prepare, folder), (seconds, megabytes, outcome))
        slowest, largest = max(slowest, seconds), max(largest, megabytes)
        if seconds > SECONDS or megabytes > MEGABYTES or outcome != "refused":
            broken.append(f"{name}: {outcome}, {seconds:.2f} s, {megabytes:.0f} MB")
    return Tally(len(chosen), tuple(broken), f"at most {slowest:.2f} s and {largest:.0f} MB")


def measured(prepare: Callable[[Path], object], folder: Path) -> tuple[float, float, str]:
    """Seconds, megabytes that the process grew by, and what came of it."""
    told = folder / "told"
    told.unlink(missing_ok=True)
    child = Child(partial(take, prepare, folder), told)
    try:
        code = child.wait(60)
    except TimeoutError:
        return 60.0, 0.0, "no end"
    if code != 0:
        return 0.0, 0.0, f"exit {code}: {child.text()[-300:]}"
    found = json.loads(child.text())
    return found["seconds"], found["megabytes"], found["outcome"]


def take(prepare: Callable[[Path], object], folder: Path) -> None:
    """In the child."""
    read = prepare(folder)
    assert callable(read)
    gc.freeze()  # what the process of the tests holds is not looked through again and again
    before, start = resident_megabytes(), time.perf_counter()
    try:
        read()
        outcome = "read"
    except (SpecError, CheckFailed, ValueError) as error:
        outcome = "refused" if len(str(error)) < 100_000 else "told at length"
    seconds, after = time.perf_counter() - start, peak_megabytes()
    os.write(1, json.dumps({"seconds": seconds, "megabytes": max(after - before, 0.0), "outcome": outcome}).encode())


def peak_megabytes() -> float:
    """The most memory that this process has had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_megabytes() -> float:
    """The memory that it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


PROMISES = (
    Promise(
        name="hostile-texts",
        text="YAML bombs (aliases, merges), deep nesting, huge numbers, keys and texts, in specs, in `--set`, in "
        "`--over` and in the JSON documents of a run: each refused within 0.5 s and 200 MB",
        check=no_text_costs_much,
        full=len(bombs()),
        short=20,
    ),
)

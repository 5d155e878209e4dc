"""Names that are paths, links that lead elsewhere, files that change while they are looked at."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from reliability.promise import Promise, Tally
from support.checkpoints import last_state
from support.command_line import stq, write_spec
from support.plugin_files import LOSS

from stq.app import RunFolder
from stq.errors import CheckFailed, SpecError, StqError
from stq.registry import load_losses
from stq.spec import load_spec, parse_spec

NAMES = (
    "../x",
    "..",
    ".",
    "/etc/x",
    "a/b",
    "a\\b",
    "..\\x",
    "C:\\x",
    "\\\\host\\x",
    "~/x",
    "~root",
    "$HOME",
    "a\x00b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a b",
    "\x1b[2J",
    "\u202ea",
    "-rf",
    "--help",
    ".hidden",
    "x" * 65,
    "x" * 5000,
    "",
    " ",
    "*",
    "a;b",
    "a|b",
    "a`b`",
    "${env:HOME}",
    "é",
    "a\u2028b",
    "file://x",
    "a:b",
    "a?b",
    "a%2fb",
    "<a>",
    '"a"',
    "'a'",
)
"""No run may be called so."""
FILES = (
    *(name for name in NAMES if "\0" not in name and "/" not in name and name not in ("", ".", "..")),
    "CON",
    "nul",
)
"""Files of these names may be plugins (what a disk allows): the run's copies are called otherwise."""
NOTED = (
    "../evil.py",
    "../../evil.py",
    "/etc/passwd",
    "plugins/../../evil.py",
    "..",
    ".",
    "",
    "a\0b",
    "a\nb",
    "0-\x1b[2J.py",
    "x" * 300,
    "..\\evil.py",
    "0-a.py/",
    "./0-a.py",
    "/dev/zero",
    "0-\u202e.py",
    None,
    7,
    ["0-a.py"],
    {"file": "0-a.py"},
)
"""What the list of plugin files in a run's environment.json must not lead to."""
SPEC = "name: {name}\ndata: {{source: a.nc, targets: [a], split: {{train: 0.7, val: 0.1, test: 0.2}}}}\nlosses: [mse]\n"

Trial = Callable[[Path], str]
"""What of the promise is broken, in a folder with a finished run; empty for nothing."""


def trials() -> Iterator[tuple[str, Trial]]:
    """Every one, by name; of all kinds in turn."""
    yield from (("a spec called " + repr(name)[:40], partial(spec_is_called, name)) for name in NAMES)
    yield from (("a plugin file called " + repr(name)[:40], partial(plugin_is_called, name)) for name in FILES)
    yield from (("a noted plugin file " + repr(file)[:40], partial(plugin_is_noted, file)) for file in NOTED)
    for name in ("checkpoints", "plugins", "logs", "more"):
        yield f"a link of the folder {name}", partial(leads_out, name, "outside")
    for name in (
        "metrics.csv",
        "environment.json",
        "statistics.npz",
        "resolved.yaml",
        "report.html",
        "report.html.part",
    ):
        yield f"a link of {name}", partial(leads_out, name, "outside/file")
        yield f"a link of {name} to what is not there", partial(leads_out, name, "outside/none")
    yield "a link of a checkpoint", state_leads_out
    yield "a pipe", partial(is_special, "audit.json")
    yield "a link within the run", stays_inside
    yield "a file that changes", changes_while_read


def spec_is_called(name: str, folder: Path) -> str:
    """Refused, with the place; and a file that is called so gives a name without harm."""
    quoted = json.dumps(name)
    try:
        parse_spec(SPEC.format(name=quoted))
    except SpecError:
        pass
    else:
        return "taken as the name of a run"
    try:
        found = load_spec(folder / f"{name}.yaml")
    except SpecError:
        found = None  # no file can be called so
    except ValueError as error:
        return "" if "null byte" in str(error) else repr(error)
    return "" if found is None else "a file that is not there was read"


def plugin_is_called(name: str, folder: Path) -> str:
    """The copy lies in the folder of copies, under a plain name."""
    try:
        file = folder / "theirs" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(LOSS.format(name="mine"))
    except OSError:
        return ""  # no file can be called so
    loaded = load_spec(spec_with(folder, [file]))
    run = RunFolder(folder / "made")
    shutil.rmtree(run.path, ignore_errors=True)
    run.path.mkdir()
    run.write_environment(loaded, "", ())
    (copy,) = run.path.rglob("*.py")
    plain = copy.parent == run.plugins and copy.name.isascii() and copy.name.isprintable() and len(copy.name) < 100
    shutil.copy(folder / "run" / "resolved.yaml", run.path)
    (read,) = run.load_spec().plugin_files
    same = read.content == file.read_bytes()
    return "" if plain and same else f"copied as {copy}"


def plugin_is_noted(file: object, folder: Path) -> str:
    """Refused, though a file lies there whose sha256 is the noted one."""
    evil = LOSS.format(name="evil").encode()
    (folder / "evil.py").write_bytes(evil)
    (folder / "run" / "evil.py").write_bytes(evil)
    environment = folder / "run" / "environment.json"
    noted = json.loads(environment.read_text())
    noted["local_plugins"] = [{"file": file, "source": "evil.py", "sha256": hashlib.sha256(evil).hexdigest()}]
    environment.write_text(json.dumps(noted))
    return refusal(folder / "run", RunFolder(folder / "run").load_spec, "eval")


def leads_out(name: str, target: str, folder: Path) -> str:
    """Refused, and what lies outside stays as it was."""
    outside = folder / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    link = folder / "run" / name
    if link.is_dir():
        shutil.copytree(link, outside, dirs_exist_ok=True)
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(folder / target)
    before = sorted(path.name for path in outside.rglob("*"))
    broken = refusal(folder / "run", partial(RunFolder.open, folder / "run"))
    after = sorted(path.name for path in outside.rglob("*"))
    if (outside / "file").read_text() != "mine" or before != after:
        return "what lies outside of the run was changed"
    return "" if name == "resolved.yaml" else broken


def state_leads_out(folder: Path) -> str:
    """The state of a checkpoint alone."""
    state = last_state(folder / "run")
    shutil.move(state, folder / "state")
    state.symlink_to(folder / "state")
    return refusal(folder / "run", partial(RunFolder.open, folder / "run"))


def is_special(name: str, folder: Path) -> str:
    """What waits for ever when it is opened."""
    (folder / "run" / name).unlink()
    os.mkfifo(folder / "run" / name)
    return refusal(folder / "run", partial(RunFolder.open, folder / "run"))


def stays_inside(folder: Path) -> str:
    """This one is allowed."""
    run = folder / "run"
    shutil.move(run / "audit.json", run / "moved.json")
    (run / "audit.json").symlink_to("moved.json")
    RunFolder.open(run).load_spec()
    return ""


def changes_while_read(folder: Path) -> str:
    """What was hashed is what runs and what is copied, whatever becomes of the file meanwhile."""
    file = folder / "theirs.py"
    file.write_text(LOSS.format(name="first"))
    loaded = load_spec(spec_with(folder, [file]))
    (read,) = loaded.plugin_files
    file.write_text(LOSS.format(name="second"))
    names = set(load_losses(loaded.plugin_files))
    run = RunFolder(folder / "made")
    run.path.mkdir()
    run.write_environment(loaded, "", ())
    (copy,) = run.plugins.iterdir()
    noted = run.plugin_copies()[0].sha256
    if "first" not in names or "second" in names:
        return "what runs is not what was read"
    if copy.read_bytes() != read.content or noted != hashlib.sha256(read.content).hexdigest():
        return "what is copied is not what was read"
    shutil.copy(folder / "run" / "resolved.yaml", run.path)
    back = run.load_spec()
    copy.write_text(LOSS.format(name="third"))
    return "third runs after its check" if "third" in load_losses(back.plugin_files) else ""


def refusal(run: Path, read: Callable[[], object], *command: str) -> str:
    """Empty where it is refused as damaged, by the library and by the command line."""
    try:
        read()
    except CheckFailed as error:
        if not str(error).replace("\n", "").isprintable():
            return f"the message has characters that a terminal acts on: {error!r}"
    except StqError as error:
        return f"refused as {error!r}"
    else:
        return "taken"
    shown = stq(*(command or ("config", "show")), run)
    listed = stq("runs", run.parent)
    return (
        "" if shown.exit_code == 4 and "damaged" in listed.stdout else f"exit {shown.exit_code}: {shown.output[-200:]}"
    )


def spec_with(folder: Path, plugins: list[Path]) -> Path:
    """A spec with these plugin files."""
    path = folder / "with.yaml"
    path.write_text(SPEC.format(name="a") + f"plugins: {json.dumps([str(plugin) for plugin in plugins])}\n")
    return path


def nothing_leads_out(count: int, folder: Path) -> Tally:
    """The trials, each with a run of its own."""
    spec = write_spec(folder)
    original = folder / "original"
    made = stq("train", spec, "--run-dir", original, "--set", "trainer.max_epochs=1")
    assert made.exit_code == 0, made.output
    every = list(trials())
    chosen = every[:: max(1, len(every) // count)]
    broken = []
    for number, (name, trial) in enumerate(chosen):
        place = folder / str(number)
        place.mkdir()
        shutil.copytree(original, place / "run")
        try:
            what = trial(place)
        except Exception as error:
            what = repr(error)
        if what:
            broken.append(f"{name}: {what}")
        shutil.rmtree(place)
    return Tally(len(chosen), tuple(broken))


PROMISES = (
    Promise(
        name="hostile-paths",
        text="Names of runs and of plugin files that are paths, reserved, endless or not printable, in specs and in a "
        "run's own documents; links in a run that lead out of it, and files that are none: refused, or made harmless. "
        "A plugin file is read once: what is hashed, run and copied are the same bytes",
        check=nothing_leads_out,
        full=len(list(trials())),
        short=14,
    ),
)

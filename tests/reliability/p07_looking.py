"""Commands that only look import no file that a spec names."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from reliability.promise import Promise, Tally
from support.command_line import SPEC, stq, write_spec
from support.forked import Child
from support.plugin_files import LOSS

Command = Callable[[Path], list[object]]
"""The arguments, for a folder with a spec, its run, and files of data."""

LOOKING: dict[str, Command] = {
    "config show SPEC": lambda folder: ["config", "show", folder / "evil.yaml"],
    "config show RUN": lambda folder: ["config", "show", folder / "runs" / "run"],
    "config diff": lambda folder: ["config", "diff", folder / "evil.yaml", folder / "runs" / "run"],
    "schema SPEC": lambda folder: ["schema", folder / "evil.yaml"],
    "runs": lambda folder: ["runs", folder / "runs"],
    "data inspect": lambda folder: ["data", "inspect", folder / "grid.nc"],
    "data verify": lambda folder: ["data", "verify", folder / "store"],
    "losses list": lambda folder: ["losses", "list"],
    "losses show": lambda folder: ["losses", "show", "mse"],
    "plugins": lambda folder: ["plugins"],
    "plugins --check": lambda folder: ["plugins", "--check"],
    "doctor": lambda folder: ["doctor"],
    "init": lambda folder: ["init", folder / "grid.nc", "-o", folder / "new.yaml"],
    "train --set init_from=RUN": lambda folder: [
        "train",
        folder / "tiny.yaml",
        "--dry-run",
        "--set",
        f"init_from={folder / 'runs' / 'run'}",
    ],
}
"""The last one trains, on another spec: of the run that it starts from it wants the weights and no plugin."""

RUNNING: dict[str, Command] = {
    "check": lambda folder: ["check", folder / "evil.yaml"],
    "check-grads": lambda folder: ["check-grads", folder / "evil.yaml"],
    "train": lambda folder: ["train", folder / "evil.yaml", "--dry-run"],
    "eval": lambda folder: ["eval", folder / "runs" / "run"],
}
"""These may run such files, as train, eval, check, check-grads, calibrate, predict, report, export, compare, tune and
data pack do: they build what a spec names. That they do shows that the trial can fail."""


def looking_runs_nothing(count: int, folder: Path) -> Tally:
    """Each command in a process of its own; a file beside the spec, and one in the run, would leave a mark."""
    write_spec(folder)
    sound = folder / "mine.py"
    sound.write_text(LOSS.format(name="mine"))
    spec = folder / "evil.yaml"
    spec.write_text(SPEC.replace("  - mse\n", "  - mse\n  - mine\n") + "plugins: [mine.py]\n")
    run = folder / "runs" / "run"
    made = stq("train", spec, "--run-dir", run, "--set", "trainer.max_epochs=1")
    assert made.exit_code == 0, made.output
    assert stq("data", "pack", folder / "tiny.yaml", "-o", folder / "store").exit_code == 0
    mark = folder / "mark"
    evil = f"open({str(mark)!r}, 'w').close()\n{LOSS.format(name='mine')}"
    sound.write_text(evil)
    plant(run, evil.encode())
    broken = []
    for name, command in (*LOOKING.items(), *RUNNING.items()):
        mark.unlink(missing_ok=True)
        trial = folder / "trial"
        child = Child(partial(take, command(folder), folder), trial)
        code = child.wait(120)
        if code != 0:
            broken.append(f"{name}: exit {code}, {child.text()[-300:]}")
        if mark.exists() and name in LOOKING:
            broken.append(f"{name} ran a plugin file")
        if not mark.exists() and name in RUNNING:
            broken.append(f"{name} ran no plugin file: the trial can't fail")
        trial.unlink(missing_ok=True)
        shutil.rmtree(folder / "new.yaml", ignore_errors=True)
    return Tally(len(LOOKING), tuple(broken))


def plant(run: Path, content: bytes) -> None:
    """Put other code into the run's own copy, with a sha256 that fits."""
    noted = json.loads((run / "environment.json").read_text())
    (copy,) = noted["local_plugins"]
    (run / "plugins" / copy["file"]).write_bytes(content)
    copy["sha256"] = hashlib.sha256(content).hexdigest()
    (run / "environment.json").write_text(json.dumps(noted))


def take(arguments: list[object], folder: Path) -> None:
    """In the child."""
    os.chdir(folder)
    result = stq(*arguments)
    print(result.output)
    raise SystemExit(result.exit_code)


PROMISES = (
    Promise(
        name="hostile-plugins",
        text="Commands that only look (config show and diff, schema, runs, data inspect and verify, losses, plugins, "
        "doctor, init), and `init_from`, run no plugin file that a spec or a run names; only what builds an experiment "
        "does: train, eval, check, check-grads, calibrate, predict, report, export, compare, tune, data pack",
        check=looking_runs_nothing,
        full=len(LOOKING),
        short=len(LOOKING),
    ),
)

"""SIGKILL while a checkpoint is saved."""

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reliability.promise import Promise, Tally
from support.checkpoint_trials import is_of, saving
from support.forked import Child

from stq.errors import CheckFailed
from stq.files import PART, sweep
from stq.training import CheckpointStore
from stq.training._checkpoints import load

ELSEWHERE = Path("/dev/shm")
LONGEST_S = 0.03


def killed_while_saving(count: int, folder: Path) -> Tally:
    """Kill a process that saves one checkpoint after another, in turn, so that each finds what the others left."""
    draw, store, broken, parts, newest = random.Random(1), CheckpointStore(folder / "checkpoints"), [], 0, 0
    with temporary_files_elsewhere() as other:
        for trial in range(count):
            child = Child(saving(store.folder), folder / "told")
            while not store.states("step") and child.running():  # nothing is promised of a run before its first
                time.sleep(0.001)
            time.sleep(draw.uniform(0, LONGEST_S))
            child.send(signal.SIGKILL)
            if child.wait() != 128 + signal.SIGKILL:
                broken.append(f"kill {trial}: it had ended by itself: {child.text()[-300:]}")
            left = list(store.folder.glob(f".*{PART}*"))
            parts += bool(left)
            problems = [*unreadable(store), *([] if store.states("step") else ["no checkpoint is left"])]
            now = store.states("step")[0].parent.name if store.states("step") else ""
            reached = int(now.split("-")[-1]) if now else 0
            problems += ["an older checkpoint is the newest"] if reached < newest else []
            newest = max(newest, reached)
            sweep(folder)
            problems += [f"{path.name} is left after the sweep" for path in store.folder.glob(f".*{PART}*")]
            broken += [f"kill {trial}: {problem}" for problem in problems]
    where = "TMPDIR on another file system" if other else "TMPDIR on the same file system: there is no other here"
    return Tally(count, tuple(broken), f"{newest} saves, {parts} cut off in the middle; {where}")


def unreadable(store: CheckpointStore) -> Iterator[str]:
    """The checkpoints that are listed and can't be read, or hold something else than was saved under their name."""
    for state in store.states("step"):
        try:
            if not is_of(load(state), int(state.parent.name.split("-")[-1])):
                yield f"{state.parent.name} holds another state"
        except CheckFailed as error:
            yield str(error)


@contextmanager
def temporary_files_elsewhere() -> Iterator[bool]:
    """TMPDIR on another file system, for this process and its children; whether there is one."""
    former, known = os.environ.get("TMPDIR"), tempfile.tempdir
    other = ELSEWHERE.is_dir() and ELSEWHERE.stat().st_dev != Path(tempfile.gettempdir()).stat().st_dev
    if other:
        os.environ["TMPDIR"] = tempfile.tempdir = str(ELSEWHERE)
    try:
        yield other
    finally:
        tempfile.tempdir = known
        if former is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = former


PROMISES = (
    Promise(
        name="kills",
        text="SIGKILL at a random instant of saving a checkpoint, TMPDIR on another file system: every checkpoint that "
        "is listed reads back, one is always there, and the parts are swept by the next resume",
        check=killed_while_saving,
        full=200,
        short=12,
    ),
)

"""A file-size limit while a checkpoint is saved, which the system tells as it tells of a full disk."""

import random
import resource
from pathlib import Path

from reliability.promise import Promise, Tally
from support.checkpoint_trials import is_of, save_after
from support.forked import Child

from stq.training import CheckpointStore
from stq.training._checkpoints import load


def full_disk(count: int, folder: Path) -> Tally:
    """Save under a limit that is reached at a random byte of the state."""
    draw, store, broken = random.Random(6), CheckpointStore(folder / "checkpoints"), []
    former = save_after(store, 1)
    size = former.stat().st_size
    for trial in range(count):
        limit = draw.randrange(2_000, size)  # what the child says has to fit as well
        told = folder / f"told-{trial}"

        def save(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            save_after(store, 2)

        child = Child(save, told)
        code, lines = child.wait(), child.text().splitlines()
        problems = [f"exit code {code}"] if code != 74 else []
        if len(lines) != 1 or not all(word in lines[0] for word in ("step-00000002", " needed", " free")):
            problems.append(f"it said {lines}")
        found = [path.name for path in store.folder.iterdir()]
        if found != [former.parent.name]:
            problems.append(f"the folder holds {found}")
        elif not is_of(load(former), 1):
            problems.append("the former checkpoint is another")
        broken += [f"at {limit} of {size} bytes: {problem}" for problem in problems]
    return Tally(count, tuple(broken))


PROMISES = (
    Promise(
        name="full-disk-checkpoints",
        text="The disk full at a random byte of a checkpoint (a limit on the size of files): exit 74, one line with "
        "path, bytes needed and free, the former checkpoint intact, no debris",
        check=full_disk,
        full=100,
        short=15,
    ),
)

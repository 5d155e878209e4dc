"""Random byte flips in a checkpoint."""

import random
from pathlib import Path

from reliability.promise import Promise, Tally
from support.checkpoint_trials import is_of, save_after

from stq.errors import CheckFailed
from stq.training import CheckpointStore
from stq.training._checkpoints import load


def flipped(count: int, folder: Path) -> Tally:
    """Change one byte anywhere in the state or the manifest, each in half of the trials, and go on from there."""
    draw, store = random.Random(8), CheckpointStore(folder / "checkpoints")
    former, state = save_after(store, 1, elements=200), save_after(store, 2, elements=200)
    files = [state, state.with_name("manifest.json")]
    broken, refused = [], 0
    for trial in range(count):
        file = files[trial % 2]
        sound = file.read_bytes()
        place, flip = draw.randrange(len(sound)), draw.randrange(1, 256)
        file.write_bytes(sound[:place] + bytes([sound[place] ^ flip]) + sound[place + 1 :])
        what = f"{file.name}, byte {place} ^ {flip}"
        try:
            if not is_of(load(state), 2):
                broken.append(f"{what}: it was read, and holds something else")
            if store.newest().state != state:
                broken.append(f"{what}: it can be read, and is not gone on from")
        except CheckFailed:
            refused += 1
            newest = store.newest()
            if newest.state != former or not newest.damaged:
                broken.append(f"{what}: the one before is not gone on from")
        except Exception as error:
            broken.append(f"{what}: {type(error).__name__}: {error}")
        file.write_bytes(sound)
    return Tally(count, tuple(broken), f"{refused} refused, {count - refused} harmless")


PROMISES = (
    Promise(
        name="damaged-checkpoints",
        text="A random byte of a checkpoint changed: it is refused (exit 4), and a resume goes on from the one before "
        "and says so; or it is read and every value is the same",
        check=flipped,
        full=300,
        short=60,
    ),
)

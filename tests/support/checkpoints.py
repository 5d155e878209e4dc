"""Where the checkpoints of a run lie, for tests that damage, compare or forge them."""

from pathlib import Path
from typing import Any

import torch

from stq.files import discard
from stq.training import CheckpointStore
from stq.training._checkpoints import verified, write_checkpoint


def last_state(run: Path) -> Path:
    """The file of the newest state that a resumed run would go on from."""
    return CheckpointStore(run / "checkpoints").states("step", "best")[0]


def best_state(run: Path) -> Path:
    """The file of the state of the best epoch."""
    return CheckpointStore(run / "checkpoints").best()


def read(state: Path) -> dict[str, Any]:
    """All that a checkpoint holds."""
    found = torch.load(state, weights_only=True)
    assert isinstance(found, dict)
    return found


def replace(state: Path, checkpoint: dict[str, Any], **experiment: object) -> None:
    """Put another state in the place of one, with a manifest that vouches for it, and for what else it is to say."""
    experiment = {**verified(state).experiment, **experiment}
    discard(state.parent)
    write_checkpoint(state, checkpoint, experiment)

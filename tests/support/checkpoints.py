"""Where the checkpoints of a run lie, for tests that damage or compare them."""

from pathlib import Path


def last_state(run: Path) -> Path:
    """The file of the newest state that a resumed run would go on from."""
    return run / "checkpoints" / "last.ckpt"


def best_state(run: Path) -> Path:
    """The file of the state of the best epoch."""
    return run / "checkpoints" / "best.ckpt"

"""Checkpoints that are written again and again, for trials that break the writing or what was written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from stq.training import AtomicCheckpointIO, CheckpointStore

ELEMENTS = 20_000


def state_after(step: int, elements: int = ELEMENTS) -> dict[str, Any]:
    """What a training would save after `step` steps: every number in it tells the step."""
    full = torch.full((elements,), float(step))
    return {"global_step": step, "epoch": 0, "state_dict": {"forecaster.weight": full}, "moments": [full + 1, full + 2]}


def is_of(found: dict[str, Any], step: int) -> bool:
    """Whether this is what was saved after that step."""
    tensors = [found["state_dict"]["forecaster.weight"], *(moment for moment in found["moments"])]
    right = all(bool((tensor == step + extra).all()) for extra, tensor in enumerate(tensors))
    return right and found["global_step"] == step


def save_after(store: CheckpointStore, step: int, elements: int = ELEMENTS) -> Path:
    """Save as a training does: write, then remove what is superfluous."""
    state = store.place("step", step)
    AtomicCheckpointIO({"spec": {"seed": "3"}}).save_checkpoint(state_after(step, elements), state)
    store.settle(state, "step")
    return state


def saving(folder: Path, elements: int = ELEMENTS) -> Callable[[], None]:
    """Saves steps 1, 2, 3, ... until something ends it."""

    def run() -> None:
        torch.set_num_threads(1)
        store = CheckpointStore(folder)
        step = store.newest().manifest.step if store.states("step") else 0
        while True:
            step += 1
            save_after(store, step, elements)

    return run

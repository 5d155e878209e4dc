"""Checkpoints that are whole or absent, read without running anything that stands in them."""

import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor

from stq.errors import CheckFailed, DiskError

PART = ".part"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, flushes to the disk, and renames: a reader sees the old file or the new one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Raises DiskError where there is no room or no permission; the former file at `path` is then intact."""
        target = Path(path)
        part = target.with_name(target.name + PART)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except (OSError, RuntimeError) as error:
            part.unlink(missing_ok=True)
            raise DiskError(f"{target}: the checkpoint can't be written ({error})") from error

    def load_checkpoint(self, path: Any, map_location: Any | None = None, weights_only: bool | None = None) -> Any:
        """Tensors and plain values alone, whatever the environment says."""
        return load(Path(path), map_location)


def load(path: Path, map_location: Any | None = None) -> dict[str, Any]:
    """Raises CheckFailed where the file is damaged, is no checkpoint, or holds more than tensors and plain values."""
    try:
        found = torch.load(path, map_location=map_location or "cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckFailed(f"{path}: there is no checkpoint") from error
    except Exception as error:  # whatever a damaged or a hostile file sets off, in any layer
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckFailed(f"{path}: the checkpoint is damaged or not one of stq's ({first})") from error
    if not (isinstance(found, dict) and isinstance(found.get("state_dict"), dict)):
        raise CheckFailed(f"{path}: not a checkpoint of stq's (it holds no state_dict)")
    return found


def load_weights(path: Path) -> dict[str, Tensor]:
    """The forecaster's own weights out of a training checkpoint, by the forecaster's own names."""
    state = load(path)["state_dict"]
    prefix = "forecaster."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}

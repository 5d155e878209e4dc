"""How Lightning writes and reads checkpoints: as stq does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_fabric.plugins.io import CheckpointIO

from stq.files import remove
from stq.training._checkpoints import load, write_checkpoint


class AtomicCheckpointIO(CheckpointIO):
    """Checkpoints that are whole or absent, each with its manifest; `experiment` is told to every manifest."""

    def __init__(self, experiment: Mapping[str, Any]) -> None:
        self.experiment = experiment

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Raises DiskError where there is no room or no permission; the former checkpoints are then intact."""
        write_checkpoint(Path(path), checkpoint, self.experiment)

    def load_checkpoint(self, path: Any, map_location: Any | None = None, weights_only: bool | None = None) -> Any:
        """Tensors and plain values alone, whatever the environment says."""
        return load(Path(path), map_location)

    def remove_checkpoint(self, path: Any) -> None:
        """Lightning removes none by itself."""
        remove(Path(path).parent)

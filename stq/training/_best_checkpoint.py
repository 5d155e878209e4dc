"""The best and the last checkpoint of a run, wherever the run's folder stands by now."""

from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint


class _CheckpointHere(ModelCheckpoint):
    """One file in `folder`, written anew after validations.

    Lightning forgets which score was the best when the folder of a resumed run has moved, and a worse epoch would then
    take its place: here the paths of a restored state are those of the folder that it was found in.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore, with every path in this folder."""
        here = dict(state_dict)
        here["dirpath"] = self.dirpath
        for key in ("best_model_path", "kth_best_model_path", "last_model_path"):
            here[key] = self._moved(state_dict[key])
        here["best_k_models"] = {self._moved(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(here)

    def _moved(self, path: str) -> str:
        return str(Path(str(self.dirpath)) / Path(path).name) if path else path


class BestCheckpoint(_CheckpointHere):
    """Keeps `best.ckpt`, of the validation with the least `monitor`."""

    def __init__(self, folder: Path, monitor: str) -> None:
        super().__init__(dirpath=folder, filename="best", monitor=monitor, mode="min", enable_version_counter=False)


class LastCheckpoint(_CheckpointHere):
    """Keeps `last.ckpt`, of every validation; to stand after `BestCheckpoint`, whose state it then holds.

    Lightning's `save_last` writes only where the best was written too, so that a killed run would lose every epoch
    since its best.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(dirpath=folder, filename="last", monitor=None, enable_version_counter=False)

"""The best checkpoint of a run, wherever the run's folder stands by now."""

from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint


class BestCheckpoint(ModelCheckpoint):
    """Keeps `best.ckpt` by the least `val_central`, and `last.ckpt` after every epoch.

    Lightning forgets which score was the best when the folder of a resumed run has moved, and a worse epoch would then
    take its place: here the paths of a restored state are those of the folder that it was found in.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor="val_central",
            mode="min",
            save_last=True,
            enable_version_counter=False,
        )

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

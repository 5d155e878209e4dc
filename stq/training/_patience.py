"""Early stopping that a run which is gone on with remembers."""

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping


class Patience(EarlyStopping):
    """Lightning's own, which forgets that it has stopped a run: killed after its last checkpoint and gone on with, the
    run would train for an epoch more.
    """

    def __init__(self, monitor: str, patience: int) -> None:
        super().__init__(monitor, mode="min", patience=patience, check_finite=False)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True

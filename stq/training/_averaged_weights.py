"""An exponential moving average of the weights, which is what gets validated, kept and scored."""

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EMAWeightAveraging


class AveragedWeights(EMAWeightAveraging):
    """Lightning's own, with the average in the place and precision of the weights.

    A checkpoint holds the average as its `state_dict` and the weights that are trained as `current_model_state`.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(decay=decay, use_buffers=False)  # a mean of equal buffers would still round them

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Lightning copies the module before it is moved to its device and converted to its precision, and would
        round the trained weights themselves to the copy's precision when it swaps the two."""
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)
        if self._average_model is not None:
            trainer.precision_plugin.convert_module(self._average_model)

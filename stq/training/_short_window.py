"""The last window of batches whose gradients are accumulated, which may be short."""

from pytorch_lightning import Trainer


def share_of_window(trainer: Trainer, batch_idx: int) -> float:
    """Of the batches that Lightning divides the gradients of one optimiser step by, the share that there is.

    The last window of an epoch may be short, and Lightning divides it by the full number
    (Lightning-AI/pytorch-lightning#19987).
    """
    full, batches = trainer.accumulate_grad_batches, int(trainer.num_training_batches)
    return min(full, batches - batch_idx // full * full) / full

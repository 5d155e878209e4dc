"""A Trainer that writes and says nothing of its own: who wants to know listens to a `TrainingObserver`."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SILENT: dict[str, Any] = {
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}
"""Arguments of every Trainer of stq."""


@contextmanager
def known_warnings() -> Iterator[None]:
    """Silence what Lightning says about choices that stq makes on purpose."""
    with warnings.catch_warnings():
        for text in (
            ".*does not have many workers.*",  # the data is in memory; workers are the user's choice
            ".*number of training batches.*smaller than the logging interval.*",
            ".*Checkpoint directory .* exists and is not empty.*",  # --resume continues in the same folder
            ".*is not recommended.*mid-epoch.*",
            ".*You're resuming from a checkpoint that ended before the epoch ended.*",  # Loaders know their place
            ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",  # Lightning-AI/pytorch-lightning#21326
            ".*GPU available but not used.*",
            ".*module\\(s\\) in eval mode at the start of training.*",  # what is frozen
            ".*The .grad attribute of a Tensor that is not a leaf.*",  # torch's own tracer, where cells are compiled
            ".*Anomaly Detection has been enabled.*",
            ".*Detected call of `lr_scheduler.step\\(\\)` before.*",  # a gradient scaler skipped the first step
            ".*It is recommended to use `.*sync_dist=True.*",  # what is logged is the same in every process already
            ".*`broadcast_buffers` is deprecated.*",  # torch before 2.13 knows no other name
        ):
            warnings.filterwarnings("ignore", text)
        yield

"""Windows of made-up numbers in the shapes of an experiment: an audit that does not depend on what the data holds."""

import torch
from torch.utils.data import Dataset

from stq.app._assembly import Experiment
from stq.data import WindowDataset
from stq.models import stream_seed
from stq.tensors import Batch
from stq.training import Loaders


class SyntheticWindows(Dataset[Batch]):
    """`count` windows: standard normal inputs and targets, everything valid, at the places of the real grid."""

    def __init__(self, like: WindowDataset, count: int, seed: int) -> None:
        self.like = like
        self.count = count
        self.seed = seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        real = self.like[index % len(self.like)]
        generator = torch.Generator().manual_seed(stream_seed(self.seed, f"synthetic {index}"))

        def normal(tensor: torch.Tensor) -> torch.Tensor:
            return torch.randn(tensor.shape, generator=generator)

        return real._replace(
            inputs=normal(real.inputs),
            base=normal(real.base),
            values=normal(real.values),
            valid=torch.ones_like(real.valid),
        )


def synthetic_loaders(experiment: Experiment, batches: int) -> Loaders:
    """Loaders of made-up windows for so many batches."""
    spec = experiment.loaded.spec
    size = spec.data.batch_size
    windows = SyntheticWindows(experiment.data.splits["train"], batches * size, spec.seed)
    return Loaders(windows, windows, batch_size=size, validation_batch_size=size, workers=0, seed=spec.seed)

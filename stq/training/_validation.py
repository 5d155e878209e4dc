"""What a validation finds, added up batch by batch and over processes."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor

from stq.tensors import Batch, Forecast
from stq.training._global_batch import samples_of
from stq.training._means import Means, summed


class Validation:
    """The mean of each loss over the validation part, and the error of the central forecast there."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._losses = Means()
        self._squares = Means()
        self._looked_at: list[tuple[Tensor, Tensor]] = []

    def add(self, batch: Batch, forecast: Forecast, losses: Mapping[str, Tensor]) -> None:
        """Count a batch: its losses by the samples in which anything is valid, its squared errors by area."""
        self._losses.add({name: loss.detach() for name, loss in losses.items()}, float(samples_of(batch)))
        weight = batch.weight[:, None, None] * batch.valid
        square = torch.where(batch.valid, forecast.central - batch.values, 0.0).square()
        total = (weight * square).sum()
        self._squares.add({"square": total / weight.sum()}, float(weight.sum()))
        # not an answer yet: that would wait for the device; of the sum, since the mean of nothing is NaN
        found = torch.stack([total.double(), *(losses[name].detach().double() for name in self.names)]).isfinite()
        self._looked_at.append((batch.time, found))

    def gather(self, add_up: Callable[[Tensor], Tensor]) -> None:
        """Take in what the other processes found; `add_up` sums a vector over all of them."""
        both = {"losses": (self._losses, self.names), "squares": (self._squares, ("square",))}
        whole = summed(both, add_up)
        self._losses, self._squares = whole["losses"], whole["squares"]

    def broken_windows(self, names: Collection[str]) -> list[int]:
        """When the windows of this process's batches were issued whose central forecast or one of whose losses `names`
        is not finite."""
        asked = torch.tensor([True, *(name in names for name in self.names)])
        broken = [time for time, finite in self._looked_at if not bool(finite.cpu()[asked].all())]
        return torch.cat(broken).tolist() if broken else []

    @property
    def losses(self) -> dict[str, float]:
        """Unweighted means by name."""
        return self._losses.compute()

    @property
    def central(self) -> float:
        """The root mean square error of the central forecast, in normalised units."""
        return float(self._squares.compute()["square"] ** 0.5)

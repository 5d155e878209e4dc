"""The trained network with its way to units and its calibration, as one module of tensors in and tensors out."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.utils.data import default_collate

from stq.app._losses import levels_of
from stq.app._score_split import Scoring

GROUP = "group"


class ExportedNetwork(nn.Module):
    """What is exported: from normalised inputs to forecasts in units, calibrated where the run is.

    `offset` is what a normalised 0 stands for at each target, in units; `group` the group of each target that the
    calibration tells apart, -1 for none, and is asked for only where it does. The network, the crossing to units and
    the corrections are stq's own, so that a traced graph holds what `stq predict` computes.
    """

    def __init__(self, scoring: Scoring) -> None:
        super().__init__()
        self.forecaster = scoring.forecaster
        self.levels = levels_of(scoring.loaded)
        self.to_units = scoring.data.to_units
        self.calibration = scoring.calibration if self.levels else None
        self.eval().requires_grad_(False)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The arguments of `forward`, in order."""
        grouped = self.calibration is not None and self.calibration.groups
        return ("inputs", "base", "location", "offset", *((GROUP,) if grouped else ()))

    @property
    def output_names(self) -> tuple[str, ...]:
        """What `forward` gives, in order."""
        return ("central", "quantiles") if self.levels else ("central",)

    def forward(
        self,
        inputs: Float[Tensor, "B T K Y X"],
        base: Float[Tensor, "B C Y X"],
        location: Float[Tensor, "B 2 Y X"],
        offset: Float[Tensor, "B H C Y X"],
        group: Int64[Tensor, "B H Y X"] | None = None,
    ) -> tuple[Tensor, ...]:
        """The central forecast B H C Y X and, where there are levels, the quantiles B H Q C Y X."""
        forecast = self.forecaster(inputs, base, location)
        central = self.to_units(forecast.central, offset)
        if forecast.quantiles is None:
            return (central,)
        quantiles = self.to_units(forecast.quantiles, offset)
        if self.calibration is not None:
            quantiles = self.calibration.apply(central, quantiles, self.levels, group=group)
        return central, quantiles


def sample_of(scoring: Scoring, network: ExportedNetwork) -> Mapping[str, Tensor]:
    """The first and the last window of the split, by the names of the network's arguments; two, since a graph that was
    traced on one would know no other number."""
    windows = scoring.windows
    batch = default_collate([windows[0], windows[len(windows) - 1]])
    sample = {name: getattr(batch, name) for name in network.input_names if name != GROUP}
    if GROUP in network.input_names:
        whole = scoring.groups is not None and tuple(batch.valid.shape[-2:]) == scoring.data.size
        nowhere = torch.full_like(batch.valid[:, :, 0], -1, dtype=torch.int64)
        sample[GROUP] = scoring.groups.index(batch) if whole and scoring.groups is not None else nowhere
    return sample

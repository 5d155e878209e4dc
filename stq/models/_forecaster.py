"""The whole network: backbone, one set of heads for each horizon, and how their maps become a forecast."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch._functorch import config as functorch_config

from stq.models._anchored import anchored_quantiles
from stq.models._convlstm import ConvLSTM
from stq.models._location_encoder import LocationEncoder
from stq.tensors import Forecast

Order = Literal["independent", "anchored"]


class Forecaster(nn.Module):
    """A central field for each horizon and, where there are `levels`, quantiles around it, in normalised units.

    Every head reads the last hidden state, with the maps of the location encoder beside it where there is one. Which
    loss may move what is none of this module's business, with one exception: in the order `anchored` the quantiles
    stand on the *detached* central forecast, so they don't depend on the central heads at all.

    Central heads may be residual (see `Head`): they then give changes from `base`. Quantiles in the order

    - `independent` are fields of their own, residual like the central ones, as in the original recipe. Nothing keeps
      them from crossing.
    - `anchored` are a centre and widths: see `anchored_quantiles`. The centre is the detached central forecast. Where
      0.5 is a level, the median is the detached central forecast plus the median heads' own change, so it has only
      the difference of median and mean to learn, and the widths stand on that median, detached too: the median
      is fitted by its own level alone, whatever others there are.

    Dropout acts inside the backbone only, before any head, and quantile heads come last: what they are, and whether
    there are any, changes no bit of the central forecast.
    """

    def __init__(
        self,
        *,
        convlstm: ConvLSTM,
        location_encoder: LocationEncoder | None,
        central_heads: nn.ModuleList,
        lower_heads: nn.ModuleList,
        median_heads: nn.ModuleList,
        upper_heads: nn.ModuleList,
        levels: tuple[float, ...],
        order: Order,
    ) -> None:
        super().__init__()
        self.convlstm = convlstm
        self.location_encoder = location_encoder
        self.central_heads = central_heads
        self.lower_heads = lower_heads
        self.median_heads = median_heads
        self.upper_heads = upper_heads
        self.levels = levels
        self.order = order

    def forward(
        self,
        inputs: Float[Tensor, "B T K Y X"],
        base: Float[Tensor, "B C Y X"],
        location: Float[Tensor, "B 2 Y X"],
    ) -> Forecast:
        """The forecast. The values of `base` matter to residual heads only, `location` to a location encoder."""
        features = self.convlstm(inputs)
        if self.location_encoder is not None:
            features = torch.cat([features, self.location_encoder(location)], dim=1)
        central = _maps(self.central_heads, features, base).squeeze(2)
        if not self.levels:
            return Forecast(central)
        lower, median, upper = (
            _maps(heads, features, base) if len(heads) else central.detach().unsqueeze(2)[:, :, :0]
            for heads in (self.lower_heads, self.median_heads, self.upper_heads)
        )
        if self.order == "anchored":
            median = central.detach().unsqueeze(2) + median
            lower, upper = anchored_quantiles(median.squeeze(2) if len(self.median_heads) else central, lower, upper)
        return Forecast(central, torch.cat([lower, median, upper], dim=2), self.levels)

    def compile_cells(self, backend: str = "inductor") -> None:
        """Compile the cells of the ConvLSTM, the bulk of the work, from now on; a copy of the network isn't compiled.

        Never the whole network, nor a head: the backward of a compiled part is one node, which gives all of its
        gradients or none, while routing has autograd leave out the paths that a class of losses does not need.
        `backend` is one of `torch.compile`. For the whole process, compiled parts stop donating their buffers: routing
        walks a graph more than once.
        """
        functorch_config.donated_buffer = False
        for cell in self.convlstm.cells:
            cell.compile(backend=backend, dynamic=False)

    @property
    def central_is_fixed(self) -> bool:
        """Whether nothing that the central forecast depends on is trained."""
        parts = (self.convlstm, self.location_encoder, self.central_heads)
        return not any(p.requires_grad for part in parts if part is not None for p in part.parameters())

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The model's own partition of its parameters: name of the group to glob patterns over parameter names."""
        parts = {
            "backbone": ("convlstm", "location_encoder"),
            "central": ("central_heads",),
            "quantiles": ("lower_heads", "median_heads", "upper_heads"),
        }
        present = {name.partition(".")[0] for name, _ in self.named_parameters()}
        built = {group: tuple(f"{part}.*" for part in names if part in present) for group, names in parts.items()}
        return {group: patterns for group, patterns in built.items() if patterns}


def _maps(heads: nn.ModuleList, features: Tensor, base: Tensor) -> Float[Tensor, "B H L C Y X"]:
    return torch.stack([head(features, base) for head in heads], dim=1)

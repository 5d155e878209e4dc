"""A backbone under one set of heads for each horizon, and how their maps become a forecast."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stq.models._anchored import anchored_quantiles, initial_maps
from stq.models._forecaster import Forecaster
from stq.models._head import Head
from stq.models._location_encoder import LocationEncoder
from stq.tensors import Forecast

CENTRAL = "central_heads"
BAND = ("lower_heads", "median_heads", "upper_heads")


class HeadedForecaster(Forecaster):
    """A model whose author writes the backbone alone: `features`, and a constructor that ends with `add_heads`.

        class Mean(HeadedForecaster):
            name = "mean"

            def __init__(self, context: ModelContext, width: int = 16) -> None:
                super().__init__(context)
                self.mix = nn.Conv2d(context.channels, width, 3, padding=1)
                self.add_heads(width)

            def features(self, inputs: Tensor) -> Tensor:
                return self.mix(inputs.mean(1)).relu()

    Every head reads the features, with the maps of the location encoder beside them where the spec asks for one. In
    the order `anchored` the quantiles stand on the *detached* central forecast, so they don't depend on the central
    heads at all.

    Central heads may be residual (see `Head`): they then give changes from `base`. Quantiles in the order

    - `independent` are fields of their own, residual like the central ones, as in the original recipe. Nothing keeps
      them from crossing.
    - `anchored` are a centre and widths: see `anchored_quantiles`. The centre is the detached central forecast. Where
      0.5 is a level, the median is the detached central forecast plus the median heads' own change, so it has only
      the difference of median and mean to learn, and the widths stand on that median, detached too: the median
      is fitted by its own level alone, whatever others there are.

    Dropout acts inside the backbone only, before any head, and quantile heads come last: what they are, and whether
    there are any, changes no bit of the central forecast. Each head draws its initial weights from a stream of its
    own, named after it.
    """

    location_encoder: LocationEncoder | None
    central_heads: nn.ModuleList
    lower_heads: nn.ModuleList
    median_heads: nn.ModuleList
    upper_heads: nn.ModuleList

    def features(self, inputs: Float[Tensor, "B T K Y X"]) -> Float[Tensor, "B F Y X"]:
        """What the heads read: as many maps as `add_heads` was told, of the size of the inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no features(inputs)")

    def add_heads(self, features: int, kernel: int = 3) -> None:
        """Build what stands on `features` maps, the location encoder and all heads; the end of every constructor.

        `kernel` is the side of the heads' hidden convolutions in cells, odd.
        """
        context, levels = self.context, self.context.levels
        self.location_encoder = None
        if context.location_degree is not None:
            with context.stream("location_encoder"):
                self.location_encoder = LocationEncoder(context.location_degree)
            features += self.location_encoder.output.out_features

        def heads(name: str, levels_each: int, residual: bool) -> nn.ModuleList:
            """One head a horizon, each with maps for all variables at `levels_each` levels; none for no level."""
            built = nn.ModuleList()
            for number in range(len(context.horizons) if levels_each else 0):
                share = context.share[number] if residual and context.share is not None else None
                with context.stream(f"{name}.{number}"):
                    outputs = levels_each * len(context.variables)
                    built.append(Head(features, outputs, context.head_hidden, kernel, share=share))
            return built

        below = tuple(level for level in levels if level < 0.5)
        above = tuple(level for level in levels if level > 0.5)
        own = context.order == "independent"  # anchored quantiles have the last frame from the central forecast
        self.central_heads = heads("central_heads", 1, residual=True)
        self.lower_heads = heads("lower_heads", len(below), residual=own)
        self.median_heads = heads("median_heads", int(0.5 in levels), residual=own)
        self.upper_heads = heads("upper_heads", len(above), residual=own)
        if context.order == "anchored":
            _start(self.lower_heads, lambda h: initial_maps(below[::-1], h)[::-1], len(context.variables))
            _start(self.upper_heads, lambda h: initial_maps(above, h), len(context.variables))

    def forward(
        self,
        inputs: Float[Tensor, "B T K Y X"],
        base: Float[Tensor, "B C Y X"],
        location: Float[Tensor, "B 2 Y X"],
    ) -> Forecast:
        """The forecast. The values of `base` matter to residual heads only, `location` to a location encoder."""
        features = self.features(inputs)
        if self.location_encoder is not None:
            features = torch.cat([features, self.location_encoder(location)], dim=1)
        central = _maps(self.central_heads, features, base).squeeze(2)
        if not self.context.levels:
            return Forecast(central)
        lower, median, upper = (
            _maps(heads, features, base) if len(heads) else central.detach().unsqueeze(2)[:, :, :0]
            for heads in (self.lower_heads, self.median_heads, self.upper_heads)
        )
        if self.context.order == "anchored":
            median = central.detach().unsqueeze(2) + median
            lower, upper = anchored_quantiles(median.squeeze(2) if len(self.median_heads) else central, lower, upper)
        return Forecast(central, torch.cat([lower, median, upper], dim=2), self.context.levels)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """`backbone`: every part that is no head; `central` and `quantiles`: the heads; only what was built."""
        parts = dict.fromkeys(name.partition(".")[::2] for name, _ in self.named_parameters())
        patterns = dict.fromkeys(f"{part}.*" if inner else part for part, inner in parts)
        of_heads = {"central": (f"{CENTRAL}.*",), "quantiles": tuple(f"{part}.*" for part in BAND)}
        heads = {pattern for group in of_heads.values() for pattern in group}
        partition = {"backbone": tuple(each for each in patterns if each not in heads)}
        for group, of_group in of_heads.items():
            partition[group] = tuple(each for each in of_group if each in patterns)
        return {group: built for group, built in partition.items() if built}


def _start(heads: nn.ModuleList, maps: Callable[[int], Sequence[float]], variables: int) -> None:
    for number, head in enumerate(heads):
        assert isinstance(head, Head)  # for the type checker: a ModuleList forgets what it holds
        head.start_at([value for value in maps(number) for _ in range(variables)])


def _maps(heads: nn.ModuleList, features: Tensor, base: Tensor) -> Float[Tensor, "B H L C Y X"]:
    return torch.stack([head(features, base) for head in heads], dim=1)

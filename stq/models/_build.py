"""From plain arguments to a network with its initial weights."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stq.errors import UsageError
from stq.models._anchored import initial_maps
from stq.models._convlstm import ConvLSTM
from stq.models._forecaster import Forecaster, Order
from stq.models._head import Head
from stq.models._location_encoder import LocationEncoder
from stq.models._streams import stream


def build_forecaster(
    *,
    channels: int,
    variables: int,
    horizons: int,
    levels: tuple[float, ...],
    hidden: Sequence[int],
    kernel: int,
    dropout: float,
    head_hidden: int | None,
    residual: bool,
    location_degree: int | None,
    order: Order,
    seed: int,
    share: Float[Tensor, "H C"] | None = None,
    checkpoint_activations: bool = False,
) -> Forecaster:
    """A `Forecaster` on the CPU with fresh weights.

    `channels` is K, the input channels, of which the first `variables` (C) are what is forecast; `levels` ascend
    within (0, 1) and may be empty; `hidden` has the channels of each ConvLSTM layer; `kernel` is odd, in cells;
    `residual` makes central fields changes from the last known frame, or from the `share` of it that is given for each
    horizon and variable (1 where none is): see `Head`. `checkpoint_activations` trades time for memory: see `ConvLSTM`.

    Each top-level part and each head draws its weights from a stream of its own, named after it: those of backbone
    and central heads are the same for one `seed` whatever `levels` and `order` say.

    Raises UsageError for sizes that make no network.
    """
    _check(horizons, levels, hidden, kernel)
    below = tuple(level for level in levels if level < 0.5)
    above = tuple(level for level in levels if level > 0.5)

    with stream(seed, "convlstm"):
        convlstm = ConvLSTM(channels, hidden, kernel, dropout, checkpoint_activations=checkpoint_activations)
    location_encoder = None
    features = hidden[-1]
    if location_degree is not None:
        with stream(seed, "location_encoder"):
            location_encoder = LocationEncoder(location_degree)
        features += location_encoder.output.out_features

    def heads(name: str, levels_each: int, residual: bool) -> nn.ModuleList:
        """One head a horizon, each with maps for all variables at `levels_each` levels; none for no level."""
        built = nn.ModuleList()
        for horizon in range(horizons if levels_each else 0):
            with stream(seed, f"{name}.{horizon}"):
                kept = shares[horizon] if residual else None
                built.append(Head(features, levels_each * variables, head_hidden, kernel, share=kept))
        return built

    shares = torch.ones(horizons, variables) if share is None else share
    own = residual and order == "independent"  # anchored quantiles have the last frame from the central forecast
    lower, upper = heads("lower_heads", len(below), own), heads("upper_heads", len(above), own)
    if order == "anchored":
        _start(lower, lambda h: initial_maps(below[::-1], h)[::-1], variables)
        _start(upper, lambda h: initial_maps(above, h), variables)
    return Forecaster(
        convlstm=convlstm,
        location_encoder=location_encoder,
        central_heads=heads("central_heads", 1, residual),
        lower_heads=lower,
        median_heads=heads("median_heads", int(0.5 in levels), own),
        upper_heads=upper,
        levels=tuple(levels),
        order=order,
    )


def _start(heads: nn.ModuleList, maps: Callable[[int], list[float]], variables: int) -> None:
    for horizon, head in enumerate(heads):
        assert isinstance(head, Head)  # for the type checker: a ModuleList forgets what it holds
        head.start_at([value for value in maps(horizon) for _ in range(variables)])


def _check(horizons: int, levels: Sequence[float], hidden: Sequence[int], kernel: int) -> None:
    if horizons < 1:
        raise UsageError(f"a forecast needs at least one horizon, found {horizons}")
    if not hidden:
        raise UsageError("the ConvLSTM needs at least one layer: give the channels of each in `hidden`")
    if kernel % 2 == 0:
        raise UsageError(f"the kernel must be odd, so that it has a middle cell; found {kernel}")
    if any(not 0 < level < 1 for level in levels) or sorted(set(levels)) != list(levels):
        raise UsageError(f"quantile levels must ascend within (0, 1); found {list(levels)}")

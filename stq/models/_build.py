"""From options and a context to a network with its initial weights."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from stq.errors import PluginError, Problem, SpecError, StqError, UsageError
from stq.models._context import ModelContext, Order
from stq.models._convlstm_forecaster import ConvLSTMForecaster
from stq.models._forecaster import Forecaster
from stq.models._options import options_of_model
from stq.models._streams import stream


def check_model_options(cls: type[Forecaster], options: Mapping[str, object]) -> None:
    """Raise SpecError with every wrong option, paths relative to the section `model`, before there is any data."""
    options_of_model(cls).checked(options)


def build_model(cls: type[Forecaster], options: Mapping[str, object], context: ModelContext) -> Forecaster:
    """A model on the CPU with fresh weights, and the options that a spec gives it.

    Whatever its constructor draws outside streams of its own comes from the stream of the model's name, so that weights
    are a function of the run's seed.

    Raises SpecError for options, and for a ValueError of the constructor; UsageError for sizes that make no network;
    PluginError for a model that can't be built for another reason, or built no heads.
    """
    checked = options_of_model(cls).checked(options)
    refuse_unordered(context)
    try:
        with stream(context.seed, cls.name):
            model = cls(context, **checked)
            groups = model.groups()
    except StqError:
        raise
    except ValueError as error:
        raise SpecError([Problem((), f"{cls.name}: {error}")]) from error
    except Exception as error:
        raise PluginError(f"the model {cls.name} can't be built: {type(error).__name__}: {error}") from error
    wanted = {"backbone", "central"} | ({"quantiles"} if context.levels else set())
    if not wanted <= groups.keys():
        missing = ", ".join(sorted(wanted - groups.keys()))
        hint = "a HeadedForecaster has them once its constructor has called add_heads"
        raise PluginError(f"the model {cls.name} has no parameters in {missing}; {hint}")
    return model


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
) -> ConvLSTMForecaster:
    """The reference network from numbers alone, on the CPU with fresh weights.

    `channels` is K, the input channels, of which the first `variables` (C) are what is forecast; `levels` ascend
    within (0, 1) and may be empty; `hidden` has the channels of each ConvLSTM layer; `kernel` is odd, in cells;
    `residual` makes central fields changes from the last known frame, or from the `share` of it that is given for each
    horizon and variable (1 where none is): see `Head`. `checkpoint_activations` trades time for memory: see `ConvLSTM`.

    Each top-level part and each head draws its weights from a stream of its own, named after it: those of backbone
    and central heads are the same for one `seed` whatever `levels` and `order` say.

    Raises UsageError for sizes that make no network.
    """
    shares = torch.ones(max(horizons, 0), variables) if share is None else share
    context = ModelContext(
        channels=channels,
        variables=tuple(f"variable {number}" for number in range(variables)),
        horizons=tuple(range(1, horizons + 1)),
        levels=tuple(levels),
        order=order,
        size=(1, 1),
        history=1,
        seed=seed,
        head_hidden=head_hidden,
        location_degree=location_degree,
        share=shares if residual else None,
    )
    refuse_unordered(context)
    return ConvLSTMForecaster(context, tuple(hidden), kernel, dropout, checkpoint_activations)


def refuse_unordered(context: ModelContext) -> None:
    """Raise UsageError for horizons and levels that no model can have."""
    if not context.horizons:
        raise UsageError("a forecast needs at least one horizon, found 0")
    levels = context.levels
    if any(not 0 < level < 1 for level in levels) or sorted(set(levels)) != list(levels):
        raise UsageError(f"quantile levels must ascend within (0, 1); found {list(levels)}")

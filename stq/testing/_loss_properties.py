"""What every loss must hold to. Each question gives an empty text, or what was seen instead.

The groups of the tag are taken as the leaf tensors that they feed; a group that stq doesn't know may feed either.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from stq.losses import loss_options
from stq.tensors import Forecast, Target
from stq.testing._tiny import LEVELS, tiny_forecast, tiny_target
from stq.testing._trial import LEAVES, Trial

FED_BY = {"backbone": LEAVES, "central": ("central",), "quantiles": ("quantiles",)}


def options_typed(trial: Trial) -> str:
    """A spec's options can be checked only against types."""
    bare = [name for name, option in loss_options(trial.cls).items() if option.type == "Any"]
    return f"options without a type: {', '.join(bare)}" if bare else ""


def finite_scalar(trial: Trial) -> str:
    """One finite number, in single and in double precision."""
    for dtype in (torch.float32, torch.float64):
        for missing in (0.0, 0.3):
            value = trial.value(tiny_forecast(dtype), tiny_target(dtype, missing))
            if value.shape != ():
                return f"the loss has shape {tuple(value.shape)}, not ()"
            if not (value.is_floating_point() and value.isfinite()):
                return f"the loss is {value.item()} in {value.dtype} with {missing:.0%} of the cells missing"
    return ""


def gradient_right(trial: Trial) -> str:
    """The gradient agrees with finite differences, in float64; one sample is enough, and says so sooner."""
    central, quantiles, target = _batch(missing=0.3, samples=1)
    if not trial.value(Forecast(central, quantiles, LEVELS), target).requires_grad:
        return "the loss has no gradient: nothing links it to the forecast (counting, rounding, detach?)"

    def value(central: Tensor, quantiles: Tensor) -> Tensor:
        return trial.value(Forecast(central, quantiles, LEVELS), target)

    try:
        torch.autograd.gradcheck(value, (central, quantiles), fast_mode=True)
    except GradcheckError as error:
        return "the gradient differs from finite differences: " + " ".join(str(error).split())[:300]
    return ""


def no_dead_group(trial: Trial) -> str:
    """Every group that the loss is tagged with learns something from it."""
    gradients = trial.gradients(tiny_forecast(), tiny_target())
    dead = [
        group
        for group in trial.cls.updates
        if not any(bool(gradients[leaf].any()) for leaf in FED_BY.get(group, LEAVES))
    ]
    return f"no gradient where the tag promises one: {', '.join(dead)}" if dead else ""


def no_stray_gradient(trial: Trial) -> str:
    """No gradient on a tensor that none of its groups feeds; to read one without moving it, detach it."""
    gradients = trial.gradients(tiny_forecast(), tiny_target())
    explained = {leaf for group in trial.cls.updates for leaf in FED_BY.get(group, LEAVES)}
    stray = [f"forecast.{leaf}" for leaf in LEAVES if leaf not in explained and bool(gradients[leaf].any())]
    return f"a gradient on {', '.join(stray)}, which the tag {trial.cls.updates} doesn't explain" if stray else ""


def masks_respected(trial: Trial) -> str:
    """What stands in cells that are not valid reaches neither the loss nor a gradient, and gets no gradient."""
    central, quantiles, target = _batch(missing=0.3)
    other = 7.0 - 50 * central.detach()
    hidden = {"central": ~target.valid, "quantiles": ~target.valid[:, :, None].expand_as(quantiles)}
    forecast = Forecast(central, quantiles, LEVELS)
    moved_forecast = Forecast(
        torch.where(hidden["central"], other, central),
        torch.where(hidden["quantiles"], other[:, :, None], quantiles),
        LEVELS,
    )
    moved_target = replace(target, values=torch.where(target.valid, target.values, other))
    value, gradients = trial.value(forecast, target), trial.gradients(forecast, target)
    for what, batch in (
        ("target.values", (forecast, moved_target)),
        ("the forecast", (moved_forecast, target)),
    ):
        if not _same(value, trial.value(*batch)):
            return f"{what} in cells that are not valid changes the loss"
        moved = trial.gradients(*batch)
        if not all(_same(gradients[leaf], moved[leaf]) for leaf in LEAVES):
            return f"{what} in cells that are not valid changes the gradient"
    leaking = [leaf for leaf in LEAVES if bool(gradients[leaf][hidden[leaf]].any())]
    return f"cells that are not valid get a gradient in {', '.join(leaking)}" if leaking else ""


def batch_order_free(trial: Trial) -> str:
    """The order of the samples changes nothing."""
    central, quantiles, target = _batch(missing=0.3)
    batch = Forecast(central, quantiles, LEVELS), target
    turned_batch = Forecast(central.flip(0), quantiles.flip(0), LEVELS), _turned(target)
    if not _same(trial.value(*batch), trial.value(*turned_batch)):
        return "the loss depends on the order of the samples in the batch"
    gradients, turned = trial.gradients(*batch), trial.gradients(*turned_batch)
    if not all(_same(gradients[leaf], turned[leaf].flip(0)) for leaf in LEAVES):
        return "the gradient depends on the order of the samples in the batch"
    return ""


def nothing_valid(trial: Trial) -> str:
    """Without a valid cell: a finite number with a graph, and no gradient."""
    forecast, target = tiny_forecast(), tiny_target(missing=2.0)
    value = trial.value(forecast, target)
    if not value.isfinite():
        return f"the loss is {value.item()} when nothing is valid"
    if not value.requires_grad:
        return "the loss loses its graph when nothing is valid: multiply by a mask rather than return a constant"
    gradients = trial.gradients(forecast, target)
    moved = [leaf for leaf in LEAVES if not bool((gradients[leaf] == 0).all())]
    return f"a gradient on {', '.join(moved)} when nothing is valid" if moved else ""


def quantiles_declared(trial: Trial) -> str:
    """A loss that can't do without quantiles says so, by `needs_quantiles`."""
    if trial.cls.needs_quantiles:
        return ""
    hint = "it fails without quantiles: say needs_quantiles = True"
    try:
        value = trial.value(tiny_forecast(quantiles=False), tiny_target())
    except Exception as error:  # whatever the author's code raises on None
        return f"{hint} ({type(error).__name__}: {error})"
    return "" if bool(value.isfinite()) else hint


def _batch(missing: float, samples: int = 2) -> tuple[Tensor, Tensor, Target]:
    forecast, target = tiny_forecast(), tiny_target(missing=missing)
    assert forecast.quantiles is not None  # as asked
    weight = None if target.weight is None else target.weight[:samples]
    cut = Target(target.values[:samples], target.valid[:samples], weight)
    return forecast.central[:samples], forecast.quantiles[:samples], cut


def _turned(target: Target) -> Target:
    weight = None if target.weight is None else target.weight.flip(0)
    return Target(target.values.flip(0), target.valid.flip(0), weight)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-9, atol=1e-12)

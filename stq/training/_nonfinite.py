"""Losses and gradients that are NaN or infinite: found, and said in words."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def nonfinite(losses: Mapping[str, Tensor]) -> list[str]:
    """The names of the losses that are NaN or infinite."""
    finite = torch.stack([torch.isfinite(loss.detach()) for loss in losses.values()])
    if bool(finite.all()):  # one wait for the device, where nothing is wrong
        return []
    return [name for name, good in zip(losses, finite.tolist(), strict=True) if not good]


def refusal(step: int, names: Sequence[str], times: Sequence[int], who: str = "") -> str:
    """What is said of them; `times` index the issues of the batch's windows, `who` is the process, if there are any."""
    return (
        f"{who}step {step}: the loss {', '.join(names)} is not finite (windows issued at the time indices "
        f"{', '.join(map(str, times))}); training stopped before the update. Look at the data of these windows, "
        f"or find where it arises with trainer.detect_anomaly: true"
    )


def gradient_refusal(step: int, groups: Sequence[str]) -> str:
    """What is said of groups whose gradient is NaN or infinite although every loss is finite."""
    return (
        f"step {step}: the gradient of {', '.join(groups)} is not finite; training stopped before the update. Find "
        f"where it arises with trainer.detect_anomaly: true, or try a lower learning rate (optim.lr)"
    )

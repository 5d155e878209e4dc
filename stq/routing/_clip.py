"""Gradient norms and clipping, one group at a time."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from stq.routing._groups import Groups

ClipPer = Literal["group", "global"]
"""Whether each group has a norm of its own, or one norm is taken over all of them."""


def gradient_norms(groups: Groups) -> Mapping[str, Tensor]:
    """The 2-norm of the gradient of each group that is not frozen (a scalar tensor; 0 without any gradient)."""
    return {
        group.name: torch.nn.utils.get_total_norm([p.grad for p in group.tensors() if p.grad is not None])
        for group in groups
        if not group.frozen
    }


def clip_by_group(groups: Groups, max_norm: float, norms: Mapping[str, Tensor] | None = None) -> None:
    """Scale the gradients of each group down to the 2-norm `max_norm`, independently of the other groups.

    One norm over all of them would let a large gradient of the quantile heads shrink the backbone's step: a leak.
    """
    norms = gradient_norms(groups) if norms is None else norms
    for group in groups:
        if not group.frozen:
            torch.nn.utils.clip_grads_with_norm_(group.tensors(), max_norm, norms[group.name])


def clip_gradients(
    groups: Groups, max_norm: float, per: ClipPer = "group", norms: Mapping[str, Tensor] | None = None
) -> None:
    """Scale gradients down to the 2-norm `max_norm`: of each group by itself, or of all that is not frozen together.

    `norms`, where they are known already, are those of `gradient_norms`; the norm of all is the 2-norm of theirs.
    """
    if per == "group":
        clip_by_group(groups, max_norm, norms)
        return
    norms = gradient_norms(groups) if norms is None else norms
    whole = torch.nn.utils.get_total_norm(list(norms.values()))
    torch.nn.utils.clip_grads_with_norm_([parameter for _, parameter in groups.named_parameters()], max_norm, whole)

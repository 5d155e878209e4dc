"""The optimiser, its schedule and its clipping."""

from typing import Annotated, Literal

from pydantic import field_validator

from stq.spec._frozen_dict import FrozenDict
from stq.spec._section import Mistake, Section, Surroundings, refuse
from stq.spec._types import MappingOf, NotNegative, OneOf, Positive, Share, expect


class GroupOptimSpec(Section):
    """Settings of one parameter group that differ from the rest."""

    lr: Annotated[Positive | None, expect("a number above 0, or null")] = None
    """Learning rate of this group; default null, `optim.lr`."""
    weight_decay: Annotated[NotNegative | None, expect("a number of at least 0, or null")] = None
    """Weight decay of this group; default null, `optim.weight_decay`."""


class ClipSpec(Section):
    """Shortening of gradients that are longer than a norm."""

    norm: Positive = 1.0
    """Longest allowed Euclidean norm; default 1.0."""
    per: Annotated[Literal["group", "global"], OneOf()] = "group"
    """group: each parameter group by its own norm, so that one can't shrink another's step; global: all by one norm,
    which lets a large quantile gradient shrink the backbone's step. Default group."""


class ScheduleSpec(Section):
    """How the learning rate changes over the training."""

    name: Annotated[Literal["constant", "cosine"], OneOf()] = "cosine"
    """constant, or cosine: down to 0 along half a cosine. Default cosine."""
    warmup: Share = 0.05
    """Share of all steps over which the rate first rises linearly from 0; default 0.05."""


class OptimSpec(Section):
    """How gradients become steps."""

    name: Annotated[Literal["adamw", "adam", "sgd"], OneOf()] = "adamw"
    """Optimiser; default adamw."""
    lr: Positive = 1e-3
    """Learning rate; default 1e-3."""
    weight_decay: NotNegative = 1e-4
    """Weight decay; default 1e-4."""
    momentum: Share = 0.0
    """Momentum of sgd; default 0."""
    groups: MappingOf[GroupOptimSpec] = FrozenDict()
    """Settings by parameter group, {lr, weight_decay}; default none."""
    clip: ClipSpec | None = ClipSpec()
    """Gradient clipping, {norm, per}; null for none; default {norm: 1.0, per: group}."""
    schedule: ScheduleSpec = ScheduleSpec()
    """Learning-rate schedule, {name, warmup}; default {name: cosine, warmup: 0.05}."""

    @field_validator("momentum")
    @classmethod
    def _momentum_is_for_sgd(cls, momentum: float, around: Surroundings) -> float:
        name = around.data.get("name")
        if momentum and name not in ("sgd", None):
            refuse(
                Mistake(f"momentum is a setting of sgd, and the optimiser is {name}", hint="set name: sgd", on="key")
            )
        return momentum

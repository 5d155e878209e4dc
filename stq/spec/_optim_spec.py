"""The optimiser, its settings by parameter group, and its clipping."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from stq.spec._frozen_dict import FrozenDict
from stq.spec._schedule_spec import ScheduleSpec
from stq.spec._section import Mistake, Section, Surroundings, refuse
from stq.spec._types import MappingOf, NotNegative, OneOf, Positive, Share, as_tuple, expect

_USERS = {"betas": ("adamw", "adam", "nadam", "radam"), "momentum": ("sgd", "rmsprop")}
"""Which algorithms have a setting that not all of them have."""

_BETAS = (0.9, 0.999)

_Decay = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[
    tuple[_Decay, _Decay] | None,
    BeforeValidator(as_tuple),
    expect("two numbers of at least 0 and below 1, or null"),
]


class GroupOptimSpec(Section):
    """Settings of one parameter group that differ from the rest."""

    name: Annotated[Literal["adamw", "adam", "sgd", "rmsprop", "nadam", "radam", None], OneOf()] = None
    """Algorithm of this group; default null, `optim.name`."""
    lr: Annotated[Positive | None, expect("a number above 0, or null")] = None
    """Learning rate of this group; default null, `optim.lr`."""
    weight_decay: Annotated[NotNegative | None, expect("a number of at least 0, or null")] = None
    """Weight decay of this group; default null, `optim.weight_decay`."""
    betas: Betas = None
    """Decay rates of the running moments of this group; default null, `optim.betas`, or [0.9, 0.999] where that is
    null."""
    momentum: Annotated[Share | None, expect("a number of at least 0 and below 1, or null")] = None
    """Momentum of this group; default null, `optim.momentum`."""


class ClipSpec(Section):
    """Shortening of gradients that are longer than a norm."""

    norm: Positive = 1.0
    """Longest allowed Euclidean norm; default 1.0."""
    per: Annotated[Literal["group", "global"], OneOf()] = "group"
    """group: each parameter group by its own norm, so that one can't shrink another's step; global: all by one norm,
    which lets a large quantile gradient shrink the backbone's step. Default group."""


class OptimSpec(Section):
    """How gradients become steps."""

    name: Annotated[Literal["adamw", "adam", "sgd", "rmsprop", "nadam", "radam"], OneOf()] = "adamw"
    """Algorithm; default adamw, whose weight decay is decoupled from the gradient (elsewhere it is added to it)."""
    lr: Positive = 1e-3
    """Learning rate; default 1e-3."""
    weight_decay: NotNegative = 1e-4
    """Weight decay; default 1e-4."""
    betas: Betas = None
    """Decay rates of the running moments of adamw, adam, nadam and radam; default [0.9, 0.999] there, else null."""
    momentum: Share = 0.0
    """Momentum of sgd and rmsprop; default 0."""
    groups: MappingOf[GroupOptimSpec] = FrozenDict()
    """Settings by parameter group, {name, lr, weight_decay, betas, momentum}; default none."""
    clip: ClipSpec | None = ClipSpec()
    """Gradient clipping, {norm, per}; null for none; default {norm: 1.0, per: group}."""
    schedule: ScheduleSpec = ScheduleSpec()
    """Learning-rate schedule, {name, warmup, interval, step, exponential, plateau}; default {name: cosine, warmup:
    0.05}."""

    @model_validator(mode="before")
    @classmethod
    def _betas_where_there_are_moments(cls, value: object) -> object:
        if not isinstance(value, Mapping) or value.get("betas") is not None:
            return value
        return {**value, "betas": _BETAS} if value.get("name", "adamw") in _USERS["betas"] else value

    @field_validator("betas", "momentum")
    @classmethod
    def _setting_suits(cls, value: object, around: Surroundings) -> object:
        mistakes = misplaced({str(around.field_name): value}, around.data.get("name"))
        if mistakes:
            refuse(*mistakes)
        return value

    @field_validator("groups")
    @classmethod
    def _settings_of_groups_suit(
        cls, groups: FrozenDict[str, GroupOptimSpec], around: Surroundings
    ) -> FrozenDict[str, GroupOptimSpec]:
        name = around.data.get("name")
        mistakes = [
            mistake
            for key, group in groups.items()
            for mistake in misplaced({"betas": group.betas, "momentum": group.momentum}, group.name or name, (key,))
        ]
        if mistakes:
            refuse(*mistakes)
        return groups

    def algorithm_of(self, group: str) -> str:
        """The algorithm that moves this parameter group."""
        own = self.groups.get(group)
        return self.name if own is None or own.name is None else own.name

    def settings_of(self, group: str) -> dict[str, float | tuple[float, float]]:
        """Those of this parameter group, as its algorithm takes them: its own before those of the rest."""
        own = self.groups.get(group, GroupOptimSpec())
        found: dict[str, float | tuple[float, float]] = {
            "lr": self.lr if own.lr is None else own.lr,
            "weight_decay": self.weight_decay if own.weight_decay is None else own.weight_decay,
        }
        algorithm = self.algorithm_of(group)
        if algorithm in _USERS["betas"]:
            found["betas"] = own.betas or self.betas or _BETAS
        if algorithm in _USERS["momentum"]:
            found["momentum"] = self.momentum if own.momentum is None else own.momentum
        return found


def misplaced(settings: Mapping[str, object], algorithm: str | None, path: tuple[str, ...] = ()) -> list[Mistake]:
    """Those of `settings` (neither null nor 0) that `algorithm` does not have; `path` leads to them."""
    mistakes = []
    for key, value in settings.items():
        users = _USERS[key]
        if value and algorithm is not None and algorithm not in users:
            message = f"{key} is a setting of {', '.join(users[:-1])} and {users[-1]}, and the optimiser is {algorithm}"
            mistakes.append(Mistake(message, (*path, key) if path else (), f"set name: {users[0]}", on="key"))
    return mistakes

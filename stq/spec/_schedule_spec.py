"""How the learning rate changes over the training."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import field_validator, model_validator

from stq.spec._section import Mistake, Section, Surroundings, refuse
from stq.spec._types import Count, Inside01, Name, OneOf, Share, WholeNumber

CENTRAL = "val_central"
"""What is monitored unless something else is asked for: the central validation error."""

_CLOCKS = {
    "constant": ("step",),
    "cosine": ("step", "epoch"),
    "step": ("epoch", "step"),
    "exponential": ("epoch", "step"),
    "plateau": ("epoch",),
    "one-cycle": ("step",),
}
"""The intervals that each schedule can keep, the first by default."""


class StepSpec(Section):
    """A staircase: the rate is multiplied by `factor` every so often."""

    every: Count = 10
    """Length of a stair, in the schedule's interval; default 10."""
    factor: Inside01 = 0.1
    """Factor from one stair to the next; default 0.1."""


class ExponentialSpec(Section):
    """A rate that is multiplied by `factor` after every interval."""

    factor: Inside01 = 0.95
    """Factor from one interval to the next; default 0.95."""


class PlateauSpec(Section):
    """A rate that falls where the validation no longer gets better."""

    factor: Inside01 = 0.1
    """Factor on the rate; default 0.1."""
    patience: WholeNumber = 10
    """Epochs without a better value that are let pass; default 10. Keep it below `trainer.patience`, which ends the
    training."""
    monitor: Name = CENTRAL
    """What has to fall: the name of a loss of the spec, over the validation part, or val_central, the central
    validation error. Default val_central."""


class ScheduleSpec(Section):
    """How the learning rate changes over the training. It acts on every group's own rate alike."""

    name: Annotated[Literal["constant", "cosine", "step", "exponential", "plateau", "one-cycle"], OneOf()] = "cosine"
    """constant; cosine: down to 0 along half a cosine; step: a staircase; exponential; plateau: down where the
    validation no longer gets better; one-cycle: from a 25th of the rate up to it and down to nearly 0, along half
    cosines (Smith and Topin 2019, arXiv:1708.07120). Default cosine."""
    warmup: Share = 0.05
    """Share of all steps over which the rate first rises, linearly from near 0; of one-cycle the share of its rise, of
    two steps at least. Default 0.05, and 0.3 for one-cycle."""
    interval: Annotated[Literal["step", "epoch"], OneOf()] = "step"
    """What the rate changes with, past its warm-up: optimiser steps, or epochs. Default step for constant, cosine and
    one-cycle, epoch for step, exponential and plateau."""
    step: StepSpec | None = None
    """The staircase of step, {every, factor}; default {every: 10, factor: 0.1} there, else null."""
    exponential: ExponentialSpec | None = None
    """The decay of exponential, {factor}; default {factor: 0.95} there, else null."""
    plateau: PlateauSpec | None = None
    """The settings of plateau, {factor, patience, monitor}; default {factor: 0.1, patience: 10, monitor: val_central}
    there, else null."""

    @model_validator(mode="before")
    @classmethod
    def _defaults_follow_the_name(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        name = value.get("name", "cosine")
        if not (isinstance(name, str) and name in _CLOCKS):
            return value
        follow: dict[str, Any] = {"warmup": 0.3 if name == "one-cycle" else 0.05, "interval": _CLOCKS[name][0]}
        given = dict(value)
        if name in ("step", "exponential", "plateau") and given.get(name) is None:
            given[name] = {}
        return follow | given

    @field_validator("interval")
    @classmethod
    def _clock_suits(cls, interval: str, around: Surroundings) -> str:
        name = around.data.get("name", "")
        clocks = _CLOCKS.get(name, (interval,))
        if interval not in clocks:
            refuse(Mistake(f"{name} changes by {clocks[0]}, found {interval}", hint="leave interval out"))
        return interval

    @field_validator("step", "exponential", "plateau")
    @classmethod
    def _section_suits(cls, section: Section | None, around: Surroundings) -> Section | None:
        name, owner = around.data.get("name"), around.field_name
        if section is not None and name not in (owner, None):
            message = f"{owner} is a setting of the schedule {owner}, and the schedule is {name}"
            refuse(Mistake(message, hint=f"set name: {owner}", on="key"))
        return section

"""The quantile band, and its calibration."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from stq.spec._section import Mistake, Section, refuse
from stq.spec._types import Inside01, ListOf, OneOf, SetOf, ascending


class QuantileSpec(Section):
    """The levels that are forecast beside the central field."""

    levels: Annotated[ListOf[Inside01], Field(min_length=1)] = (0.025, 0.975)
    """Quantile levels, ascending, between 0 and 1; default [0.025, 0.975]."""
    order: Annotated[Literal["independent", "anchored"], OneOf()] = "anchored"
    """independent: each level is a field of its own; anchored: widths around the centre, which never cross and never
    shrink with the horizon. Default anchored."""

    @field_validator("levels")
    @classmethod
    def _levels_ascend(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        return ascending(levels)


class CalibrationSpec(Section):
    """How the band is widened or narrowed, on the calibration part, so that it covers what it says."""

    method: Annotated[Literal["conformal"], OneOf()] = "conformal"
    """Method; default conformal (split conformal prediction), the only one."""
    by: SetOf[Annotated[Literal["horizon", "variable", "month", "season", "stratum"], OneOf()]] = (
        "horizon",
        "variable",
    )
    """What gets corrections of its own: horizon, variable, month or season (DJF, MAM, JJA, SON) of the target's time,
    stratum (of the map that `strata` names). What is left out is pooled. Default [horizon, variable]."""
    scores: Annotated[Literal["additive", "multiplicative"], OneOf()] = "additive"
    """additive: a band is moved by so many units; multiplicative: by so many times its width. Default additive."""

    @field_validator("by")
    @classmethod
    def _either_months_or_seasons(cls, by: tuple[str, ...]) -> tuple[str, ...]:
        if "month" in by and "season" in by:
            refuse(Mistake("months are parts of seasons: give one of them", (by.index("season"),)))
        return by

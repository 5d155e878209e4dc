"""Dates of files that have none."""

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from stq.spec._dates import Moment, first_moment, is_step
from stq.spec._section import Mistake, Section, refuse
from stq.spec._split_spec import Date
from stq.spec._types import File, OneOf, Text, expect

Calendar = Literal["standard", "proleptic_gregorian", "noleap", "365_day", "all_leap", "366_day", "360_day", "julian"]


def _step(text: str) -> str:
    if not is_step(text):
        raise ValueError(text)
    return text


class TimeSpec(Section):
    """Dates of files that have none: a first date and an even step, or a table of files and dates."""

    start: Date | None = None
    """Date of the first step, such as 1996-01-05T00; default null."""
    step: Annotated[Annotated[Text, AfterValidator(_step)] | None, expect("a step such as 6h, 1D or 1 month")] = None
    """From one step to the next, a number with s, min, h, D, W, month or year; default null."""
    calendar: Annotated[Calendar, OneOf()] = "standard"
    """Calendar of these dates; default standard."""
    index: File | None = None
    """CSV file with the columns file and date, for files that are one step each (GeoTIFF), relative to the spec's file;
    default null, the date stands in the file's name."""

    @model_validator(mode="after")
    def _one_way(self) -> "TimeSpec":
        given = {key for key in ("start", "step", "index") if getattr(self, key) is not None}
        if given not in ({"start", "step"}, {"index"}):
            hint = "for example {start: 1996-01-05T00, step: 6h}"
            refuse(Mistake("expected start and step, or index alone", hint=hint))
        return self

    @property
    def first(self) -> Moment:
        """Year, month, day, hour, minute and second of the start, where there is one."""
        return first_moment(self.start or "0001")

"""Dates of files that have none, and an even step for dates that leave steps out."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from stq.spec._dates import Moment, first_moment, is_step
from stq.spec._section import TEXT, Mistake, Section, refuse
from stq.spec._split_spec import Date
from stq.spec._types import File, OneOf, Text, expect

STEP = r"^0*[1-9][0-9]*\s*(min|h|D|d|month|year)s?$"
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


class TimeStepSpec(Section):
    """An even time axis for dates that leave steps out. Just a step in the spec means the default tolerance."""

    short_form = TEXT

    every: Annotated[Text, Field(pattern=STEP), expect("a step such as 1D, 6h, 15min or 1month")]
    """The step: a number and min, h, D, month or year. Required."""
    tolerance: Annotated[float, Field(ge=0, lt=0.5), expect("a number of at least 0 and below 0.5")] = 0.1
    """Share of a step by which a date may miss its place; default 0.1."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"every": value} if isinstance(value, str) else value

"""How the series is cut into parts."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, field_validator

from stq.spec._dates import first_moment, last_moment
from stq.spec._section import Mistake, Section, Surroundings, found, refuse
from stq.spec._types import AlsoWritten, Count, Flag, Inside01, WholeNumber, as_tuple, expect


def _date(value: object) -> object:
    """A bare year is a whole number to YAML."""
    text = f"{value:04d}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value
    if isinstance(text, str):
        first_moment(text)
    return text


def _pair(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) != 2:
        raise Mistake(f"expected two dates, the first and the last, found {len(value)}").as_error()
    return as_tuple(value)


def _in_order(period: tuple[str, str]) -> tuple[str, str]:
    if first_moment(period[0]) > last_moment(period[1]):
        refuse(Mistake(f"expected the first date before the last, found {period[0]} after {period[1]}"))
    return period


def _kind(value: object) -> str:
    """Which of the two ways of giving a part was meant."""
    return "<dates>" if isinstance(value, list | tuple) else "<fraction>"


PARTS = ("train", "val", "calibration", "test")
Date = Annotated[
    str,
    BeforeValidator(_date),
    expect("a date such as 1995-01 or 1995-01-31"),
    AlsoWritten(type="integer", minimum=0, maximum=9999),
]
Period = Annotated[tuple[Date, Date], BeforeValidator(_pair), AfterValidator(_in_order)]
Fraction = Annotated[Inside01, expect("[first, last] as dates, or a fraction between 0 and 1")]
Part = Annotated[Annotated[Period, Tag("<dates>")] | Annotated[Fraction, Tag("<fraction>")], Discriminator(_kind)]


class BlocksSpec(Section):
    """A split in space: a share of the squares of a field is held out of training, and judged alone."""

    size: Count = 64
    """Side of a square in cells; default 64."""
    buffer: WholeNumber = 16
    """Cells around a square held out that no training patch may touch; default 16."""
    held_out: Inside01 = 0.25
    """Share of the squares that val, calibration and test are judged on; default 0.25."""


class SplitSpec(Section):
    """The parts of the series: all as dates of the targets, first and last included, or all as fractions of its length.

    A partial date stands for its whole period: `[1995, 1996-06]` ends with the last step of June 1996.
    """

    train: Part
    """What the model and the normalisation are fitted to. [first, last] or a fraction; default 0.7 without a split."""
    val: Part
    """What early stopping and the choice of the best checkpoint look at; default 0.1 without a split."""
    calibration: Part | None = None
    """What the quantile band is calibrated on; null for none; default 0.1 without a split."""
    test: Part | None = None
    """What `stq eval` scores unless told otherwise; null for none; default 0.1 without a split."""
    gap: WholeNumber = 0
    """Steps kept between the targets of two parts, and between training windows and the targets of other parts; the
    later part gives them up. Default 0."""
    strict: Flag = False
    """Whether no time at all is shared between parts, inputs included, and the gap is kept between all times. Default
    false: inputs may reach back before their part, since they are known when a forecast is made."""
    blocks: BlocksSpec | None = None
    """A split in space as well, {size, buffer, held_out}; it needs data.patch. Default null, none."""

    @field_validator("val", "calibration", "test")
    @classmethod
    def _fits_to_the_parts_before(cls, part: Part | None, around: Surroundings) -> Part | None:
        others = {name: other for name, other in around.data.items() if name in PARTS and other is not None}
        if part is None or not others:
            return part
        for name, other in others.items():
            if isinstance(other, float) != isinstance(part, float):
                kind = "a fraction" if isinstance(other, float) else "dates"
                refuse(
                    Mistake(f"expected {kind}, as for {name}, found {found(part)}", hint="give all parts in one way")
                )
            if isinstance(part, tuple) and _overlap(part, other):
                message = f"{around.field_name} ({' to '.join(part)}) overlaps {name} ({' to '.join(other)})"
                refuse(Mistake(message, hint="both dates are included; no time may stand in two parts"))
        if isinstance(part, float) and (total := part + sum(others.values())) > 1 + 1e-9:
            refuse(Mistake(f"expected fractions that sum to at most 1, found {total:g}"))
        return part

    def parts(self) -> dict[str, tuple[str, str] | float]:
        """The parts that there are, by name."""
        return {name: part for name in PARTS if (part := getattr(self, name)) is not None}


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return first_moment(one[0]) <= last_moment(other[1]) and first_moment(other[0]) <= last_moment(one[1])

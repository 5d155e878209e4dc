"""Cutting of large fields into patches, and events that patches should show more often."""

from pydantic import field_validator

from stq.spec._section import Mistake, Section, Surroundings, refuse
from stq.spec._types import Count, Finite, Share, Text, WholeNumber


class RareSpec(Section):
    """Rare events that training should see more often than they happen."""

    variable: Text
    """The target that the event is of. Required."""
    above: Finite
    """The event is a value above this, in units, among a patch's targets. Required."""
    times: Count = 5
    """How many times such a patch is drawn in an epoch; default 5."""


class PatchSpec(Section):
    """Cutting of fields that are larger than memory or model into squares."""

    size: Count = 64
    """Side of a square in cells; default 64."""
    overlap: WholeNumber = 16
    """Cells that neighbouring squares share; below the size; default 16."""
    min_valid: Share = 0.0
    """Least share of a patch's targets that must be known for training; default 0, one value is enough."""
    rare: RareSpec | None = None
    """Events that are drawn more often, {variable, above, times}; default null, none."""

    @field_validator("overlap")
    @classmethod
    def _below_size(cls, overlap: int, around: Surroundings) -> int:
        size = around.data.get("size")
        if size is not None and overlap >= size:
            refuse(Mistake(f"expected an overlap below the size of {size}, found {overlap}"))
        return overlap

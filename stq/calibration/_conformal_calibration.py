"""Corrections that make a band keep its promise, fitted elsewhere, applied here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float, Int64
from pydantic import ConfigDict, TypeAdapter, ValidationError
from torch import Tensor

from stq.calibration._bands import bands
from stq.calibration._document import seal, unseal
from stq.errors import CheckFailed

KIND = "conformal calibration"
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Form = Literal["additive", "multiplicative"]


@dataclass(frozen=True)
class Corrections:
    """The corrections of one group, and the sample that they were fitted to, as of a `ConformalCalibration`."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    outward: tuple[tuple[tuple[float, ...], ...], ...]
    cells: tuple[tuple[int, ...], ...]
    frames: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ConformalCalibration:
    """How far to move each quantile outward, by horizon, level and variable, and perhaps by group.

    `outward[h][q][c]` is subtracted from a quantile below the median and added to one above (negative: the band was
    too wide and shrinks); the median itself stays. It is in units, or where `scores` is multiplicative in widths of the
    band, of at least `floors[c]` units. Where `by` leaves out horizon or variable, the numbers are those of all.
    `cells[h][c]` and `frames[h][c]` are the size of the sample: count the frames, see `expected_coverage_range`.

    `grouped` has the corrections of each of `groups`; those of a group without any frame are `outward`, which are of
    everything, and which also serve targets in no group.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    variables: tuple[str, ...]
    units: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    outward: tuple[tuple[tuple[float, ...], ...], ...]
    cells: tuple[tuple[int, ...], ...]
    frames: tuple[tuple[int, ...], ...]
    by: tuple[str, ...] = ("horizon", "variable")
    scores: Form = "additive"
    floors: tuple[float, ...] = ()
    groups: tuple[str, ...] = ()
    grouped: tuple[Corrections, ...] = ()
    fitted_on: str = "calibration"
    """The part of the run's data that it was fitted on, or the files."""

    @property
    def terms(self) -> str:
        """What was fitted, on what, in words."""
        together = ", ".join(self.by)
        return f"{f'by {together}' if together else 'everything pooled'}, {self.scores}, on {self.fitted_on}"

    def apply(
        self,
        central: Float[Tensor, "B H C Y X"],
        quantiles: Float[Tensor, "B H Q C Y X"],
        levels: Sequence[float],
        *,
        group: Int64[Tensor, "B H Y X"] | None = None,
    ) -> Float[Tensor, "B H Q C Y X"]:
        """The calibrated quantiles, from fields in units; `group` is the index in `groups` of each target, -1 for none.

        They are in order whatever comes in: from the centre outward, no quantile stands further in than the one
        before, and none past the centre. The centre is the quantile of level 0.5 where there is one, else the central
        forecast. Pushing a quantile outward only ever adds coverage.

        Raises CheckFailed where this calibration is of other levels, variables or horizons, or by groups that the
        caller doesn't tell.
        """
        shape = (len(self.horizons), len(self.levels), len(self.variables))
        found = (quantiles.shape[1], len(levels), quantiles.shape[3])
        if tuple(levels) != self.levels or found != shape:
            raise CheckFailed(
                f"the calibration is of levels {list(self.levels)} at {shape[0]} horizons for {shape[2]} variables, "
                f"the forecast of levels {list(levels)} at {found[0]} for {found[2]}: calibrate this run again"
            )
        if self.groups and group is None:
            raise CheckFailed(
                f"the calibration is by {', '.join(self.by)}, and it isn't said where each target belongs"
            )
        centre = quantiles[:, :, self.levels.index(0.5)] if 0.5 in self.levels else central
        outward = self._outward(quantiles, group)
        if self.floors:
            outward = outward * self._widths(quantiles, centre)
        below = [q for q, level in enumerate(self.levels) if level < 0.5]
        above = [q for q, level in enumerate(self.levels) if level > 0.5]
        fields = [centre] * len(self.levels)
        bound = centre
        for q in reversed(below):
            fields[q] = bound = torch.minimum(quantiles[:, :, q] - outward[:, :, q], bound)
        bound = centre
        for q in above:
            fields[q] = bound = torch.maximum(quantiles[:, :, q] + outward[:, :, q], bound)
        return torch.stack(fields, dim=2)

    def _outward(self, quantiles: Tensor, group: Tensor | None) -> Tensor:
        """The corrections, B or 1 by H Q C by Y X or 1 1."""
        table = quantiles.new_tensor(self.outward)
        if not self.groups or group is None:
            return table[None, ..., None, None]
        tables = torch.stack([table, *(quantiles.new_tensor(part.outward) for part in self.grouped)], dim=1)
        chosen = [own[(group[:, h] + 1).to(own.device)] for h, own in enumerate(tables)]  # each B Y X Q C
        return torch.stack(chosen, dim=1).movedim((-2, -1), (2, 3))

    def _widths(self, quantiles: Tensor, centre: Tensor) -> Tensor:
        least = quantiles.new_tensor(self.floors)[:, None, None]
        fields = quantiles.unbind(2)
        widths = [torch.zeros_like(centre)] * len(fields)
        for band in bands(self.levels):
            width = torch.maximum(band.width(fields, centre), least)
            for q in (band.lower, band.upper):
                if q is not None:
                    widths[q] = width
        return torch.stack(widths, dim=2)

    def to_json(self) -> str:
        """As a JSON document with a checksum."""
        return seal(KIND, asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ConformalCalibration":
        """From what `to_json` made. Raises CheckFailed where that is damaged."""
        content = json.dumps(unseal(KIND, text))
        try:
            found = TypeAdapter(cls).validate_json(content)
        except ValidationError as error:
            raise CheckFailed(f"the {KIND} is damaged: {error}") from error
        horizons, levels, variables = len(found.horizons), len(found.levels), len(found.variables)
        shapes: list[tuple[object, tuple[int, ...]]] = [
            (found.units, (variables,)),
            (found.floors, (variables if found.scores == "multiplicative" else 0,)),
            (found.grouped, (len(found.groups),)),
        ]
        for part in (Corrections(found.outward, found.cells, found.frames), *found.grouped):
            shapes.append((part.outward, (horizons, levels, variables)))
            shapes += [(counts, (horizons, variables)) for counts in (part.cells, part.frames)]
        if any(not _has_shape(values, shape) for values, shape in shapes):
            raise CheckFailed(f"the {KIND} is damaged: its tables don't fit its horizons, levels and variables")
        return found


def _has_shape(values: object, shape: tuple[int, ...]) -> bool:
    if not shape:
        return not isinstance(values, tuple)
    return isinstance(values, tuple) and len(values) == shape[0] and all(_has_shape(v, shape[1:]) for v in values)

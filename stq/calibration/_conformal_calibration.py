"""Corrections that make a band keep its promise, fitted elsewhere, applied here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from pydantic import ConfigDict, TypeAdapter, ValidationError
from torch import Tensor

from stq.calibration._document import seal, unseal
from stq.errors import CheckFailed

KIND = "conformal calibration"


@dataclass(frozen=True)
class ConformalCalibration:
    """How far to move each quantile outward, by horizon, level and variable, in units.

    `outward[h][q][c]` is subtracted from a quantile below the median and added to one above (negative: the band was
    too wide and shrinks); the median itself stays. `cells[h][c]` and `frames[h][c]` are the sample that it was fitted
    to: count the frames, see `expected_coverage_range`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    variables: tuple[str, ...]
    units: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    outward: tuple[tuple[tuple[float, ...], ...], ...]
    cells: tuple[tuple[int, ...], ...]
    frames: tuple[tuple[int, ...], ...]

    def apply(
        self,
        central: Float[Tensor, "B H C Y X"],
        quantiles: Float[Tensor, "B H Q C Y X"],
        levels: Sequence[float],
    ) -> Float[Tensor, "B H Q C Y X"]:
        """The calibrated quantiles, from fields in units.

        They are in order whatever comes in: from the centre outward, no quantile stands further in than the one
        before, and none past the centre. The centre is the quantile of level 0.5 where there is one, else the central
        forecast. Pushing a quantile outward only ever adds coverage.

        Raises CheckFailed where this calibration is of other levels, variables or horizons.
        """
        shape = (len(self.horizons), len(self.levels), len(self.variables))
        found = (quantiles.shape[1], len(levels), quantiles.shape[3])
        if tuple(levels) != self.levels or found != shape:
            raise CheckFailed(
                f"the calibration is of levels {list(self.levels)} at {shape[0]} horizons for {shape[2]} variables, "
                f"the forecast of levels {list(levels)} at {found[0]} for {found[2]}: calibrate this run again"
            )
        outward = quantiles.new_tensor(self.outward)[..., None, None]
        below = [q for q, level in enumerate(self.levels) if level < 0.5]
        above = [q for q, level in enumerate(self.levels) if level > 0.5]
        centre = quantiles[:, :, self.levels.index(0.5)] if 0.5 in self.levels else central
        fields = [centre] * len(self.levels)
        bound = centre
        for q in reversed(below):
            fields[q] = bound = torch.minimum(quantiles[:, :, q] - outward[:, q], bound)
        bound = centre
        for q in above:
            fields[q] = bound = torch.maximum(quantiles[:, :, q] + outward[:, q], bound)
        return torch.stack(fields, dim=2)

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
        shapes = [
            (found.outward, (horizons, levels, variables)),
            (found.cells, (horizons, variables)),
            (found.frames, (horizons, variables)),
            (found.units, (variables,)),
        ]
        if any(not _has_shape(values, shape) for values, shape in shapes):
            raise CheckFailed(f"the {KIND} is damaged: its tables don't fit its horizons, levels and variables")
        return found


def _has_shape(values: object, shape: tuple[int, ...]) -> bool:
    if not shape:
        return not isinstance(values, tuple)
    return isinstance(values, tuple) and len(values) == shape[0] and all(_has_shape(v, shape[1:]) for v in values)

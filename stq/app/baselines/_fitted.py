"""What is fitted of the baselines, as a document that a run keeps."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError

from stq.calibration import seal, unseal
from stq.errors import CheckFailed
from stq.metrics import LinearMap

KIND = "fit of the baselines"
Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class FittedBaselines:
    """The numbers behind the baselines, by horizon and variable; the maps of the climatology are the data's."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    key: str
    """What data, windows, levels and calibration they belong to: other ones, and they are fitted anew."""
    names: tuple[str, ...]
    levels: tuple[float, ...]
    share: Table
    """What damped persistence keeps of the last anomaly, [h][c]."""
    coefficients: tuple[Table, ...]
    """Of the linear regression in normalised units, [h][c][p]: the channels step by step, then the last known frame."""
    intercept: Table
    bands: Mapping[str, tuple[Table, ...]]
    """By baseline, the quantiles of its residuals in the training part, [h][q][c] in units; empty without levels."""
    calibrations: Mapping[str, str]
    """By baseline, the calibration of that band as a document of its own; empty where the run is not calibrated."""

    by: tuple[str, ...]
    """What has corrections of its own in the calibrations."""

    @property
    def linear(self) -> LinearMap:
        """The regression, ready to apply."""
        return LinearMap(
            torch.tensor(self.coefficients, dtype=torch.float64), torch.tensor(self.intercept, dtype=torch.float64)
        )

    def to_json(self) -> str:
        """As a JSON document with a checksum."""
        return seal(KIND, asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "FittedBaselines":
        """From what `to_json` made. Raises CheckFailed where that is damaged."""
        content = json.dumps(unseal(KIND, text))
        try:
            return TypeAdapter(cls).validate_json(content)
        except ValidationError as error:
            raise CheckFailed(f"the {KIND} is damaged: {error}") from error

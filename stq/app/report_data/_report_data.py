"""What a report shows, as values: nothing here knows of pages or charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64


@dataclass(frozen=True)
class LossCurve:
    """One loss over the epochs, unweighted, in normalised units; None where an epoch has no value."""

    name: str
    groups: tuple[str, ...]
    """The parameter groups that it may update; empty where no audit tells."""
    train: tuple[float | None, ...]
    val: tuple[float | None, ...]


@dataclass(frozen=True)
class LearningCurves:
    """The course of training, an entry an epoch. `val_central` is what the best checkpoint is chosen by."""

    epochs: tuple[int, ...]
    learning_rates: tuple[float | None, ...]
    val_central: tuple[float | None, ...]
    best_epoch: int | None
    losses: tuple[LossCurve, ...]


@dataclass(frozen=True)
class WidthBin:
    """Cells with bands of like width: mean width, RMSE, and the RMSE that normal errors with such a band have."""

    cells: int
    width: float
    rmse: float
    normal_rmse: float


@dataclass(frozen=True)
class WidthCurve:
    """Width against error of one variable at one horizon, in units, from the narrowest bands to the widest."""

    variable: str
    horizon: int
    units: str
    bins: tuple[WidthBin, ...]


@dataclass(frozen=True)
class MapFrame:
    """One horizon of a case, in units; NaN where masked. `width` is that of the outermost calibrated band."""

    horizon: int
    valid: str
    rmse: float | None
    truth: Float32[np.ndarray, "Y X"]
    forecast: Float32[np.ndarray, "Y X"]
    width: Float32[np.ndarray, "Y X"] | None

    @property
    def error(self) -> Float32[np.ndarray, "Y X"]:
        """Forecast minus truth."""
        return np.asarray(self.forecast - self.truth)


@dataclass(frozen=True)
class MapCase:
    """One forecast, and why it was chosen. `rmse` is over all valid cells of all horizons."""

    kind: str
    issued: str
    rmse: float
    frames: tuple[MapFrame, ...]


@dataclass(frozen=True)
class VariableMaps:
    """The cases of one variable, the worst first."""

    variable: str
    units: str
    cases: tuple[MapCase, ...]


@dataclass(frozen=True)
class MapAxes:
    """Where the cells of a map stand. `block` cells a side were averaged into one."""

    y: Float64[np.ndarray, " Y"]
    x: Float64[np.ndarray, " X"]
    geographic: bool
    """Degrees of latitude and longitude; otherwise numbers of row and column, the first row at the top."""
    block: int
    full_size: tuple[int, int]


@dataclass(frozen=True)
class Maps:
    """Maps for a page: no more cells and horizons than it can carry."""

    axes: MapAxes
    horizons: tuple[int, ...]
    left_out: tuple[int, ...]
    """Horizons that are not shown."""
    variables: tuple[VariableMaps, ...]


@dataclass(frozen=True)
class WindowErrors:
    """RMSE of each forecast of the split by itself, for comparisons in pairs; NaN where nothing is valid."""

    issued: tuple[str, ...]
    rmse: Float64[np.ndarray, "N H C"]


@dataclass(frozen=True)
class SplitSpan:
    """The targets of one split, as steps of the series and as dates."""

    name: str
    first_step: int
    last_step: int
    first: str
    last: str
    windows: int


@dataclass(frozen=True)
class MissingShare:
    """The share of one variable's cells that are missing, in the whole series and over the targets of each split."""

    variable: str
    units: str
    role: str
    overall: float
    by_split: Mapping[str, float]


@dataclass(frozen=True)
class DataCard:
    """What the run was trained and judged on."""

    source: tuple[str, ...]
    size: tuple[int, int]
    geographic: bool
    times: tuple[str, ...]
    history: int
    horizons: tuple[int, ...]
    spans: tuple[SplitSpan, ...]
    missing: tuple[MissingShare, ...]
    steps_looked_at: int
    static: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Provenance:
    """How the run was made, so that it can be made again."""

    command: str
    started: str
    seed: int
    engine: str
    data_sha256: str
    versions: Mapping[str, str]
    plugins: Mapping[str, str]
    """sha256 of each local plugin file."""
    spec_text: str
    resolved_text: str


@dataclass(frozen=True)
class ReportData:
    """Everything that the report of one run says. None: the run has nothing of that kind."""

    run: Path
    name: str
    split: str
    variables: tuple[str, ...]
    units: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    evaluation: Mapping[str, Any]
    """The document of `stq eval --json`; keys that this version of it does not compute are absent."""
    curves: LearningCurves | None
    audit: Mapping[str, Any] | None
    """The document of `stq check-grads --json`, of the first training step."""
    widths: tuple[WidthCurve, ...]
    band: tuple[float, float] | None
    """The levels of the outermost band; None where no two levels mirror each other."""
    maps: Maps
    errors: WindowErrors
    card: DataCard
    provenance: Provenance

"""Where the data of a run stood, so that other data can be told from it: units, grid, step, maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32

from stq.data._grid import Grid
from stq.data._time_step import TimeStep


@dataclass(frozen=True, eq=False)
class Site:
    """What was true of the data that statistics were fitted on and must be true of any that is forecast from."""

    units: tuple[str, ...]
    """Of the V moving variables; empty where the file says nothing."""
    grid: Grid
    step: TimeStep | None
    """From one step of the series to the next; None where they are not even."""
    static: Float32[np.ndarray, "S Y X"]
    """The static maps in units, as the network was given them."""
    known: Bool[np.ndarray, "C Y X"]
    """Where a target had a value in the training part: nothing was learnt of other cells."""
    operands: Mapping[str, str] = field(default_factory=dict)
    """Units of the file's variables that derived variables and the mask are computed from."""

"""Forecast with a finished run, from the latest window or from dates that are named, into a file."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import join

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from stq import __version__
from stq.app._assembly import put_weights
from stq.app._calibrate import groups_for, read_calibration
from stq.app._data import open_run_inputs
from stq.app._forecast_bands import Maps, bands, tiles_of
from stq.app._losses import levels_of
from stq.app._models import build_network
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration
from stq.data import ForecastInputs, Seams, Statistics, forecast_file, refuse_taken
from stq.files import sha256_of
from stq.spec import LoadedSpec
from stq.training import CheckpointStore, joined


@dataclass(frozen=True)
class PredictResult:
    """What was written. `tile` is side and overlap in cells, None where the field went through in one piece.

    `seams` says, by variable, how far the central forecast at the nearest horizon steps from tile to tile over how far
    it steps beside (see `stq.data.Seams`); None in one piece.
    """

    run: Path
    path: Path
    variables: tuple[str, ...]
    init_times: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    calibrated: bool
    size: tuple[int, int]
    tile: tuple[int, int] | None
    seams: dict[str, float | None] | None
    nbytes: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": str(self.run),
            "path": str(self.path),
            "variables": list(self.variables),
            "init_times": list(self.init_times),
            "horizons": list(self.horizons),
            "levels": list(self.levels),
            "calibrated": self.calibrated,
            "size": list(self.size),
            "tile": None if self.tile is None else {"size": self.tile[0], "overlap": self.tile[1]},
            "seams": self.seams,
            "bytes": self.nbytes,
            "notes": list(self.notes),
        }


def predict(
    run: RunFolder,
    source: Sequence[str],
    path: Path,
    *,
    init: Sequence[str] = (),
    tile: int | None = None,
    overlap: int | None = None,
    units: Mapping[str, str] | None = None,
) -> PredictResult:
    """Forecast from `source` (the run's own, where it is empty) with the best checkpoint, and write `path`.

    `init` are dates, perhaps partial; without any it is the latest step. A field that is larger than the patches that
    the run was trained on goes through in tiles of that size; `tile` and `overlap`, in cells, say otherwise. Cells in
    which training never saw a target are missing. No more than a band of rows is held.

    Several processes (torchrun) share the initial times, each of which goes to one of them; the leading one writes.

    Raises UsageError for what can't be written, or was asked for in vain, DataError for data that is not of the run's
    kind, CheckFailed where the run is damaged, DiskError where there is no room.
    """
    refuse_taken(path)
    loaded = run.load_spec()
    statistics = Statistics.load(run.statistics)
    inputs = open_run_inputs(loaded, statistics, source, init=init, units=units or {})
    forecaster = build_network(loaded, inputs)
    put_weights(forecaster, run)
    forecaster.eval()
    calibration, levels = read_calibration(run), levels_of(loaded)
    groups = groups_for(calibration, inputs, loaded, run)
    cut = tiles_of(loaded, inputs.size, tile, overlap)
    seams = None if cut is None else Seams(inputs.size, *cut, inputs.variables)
    layout = inputs.layout(levels, attributes_of(run, loaded, calibration))
    with joined() as world:
        with forecast_file(path, layout) if world.leads else nullcontext() as file:
            for first in range(0, len(inputs.inits), world.size):
                mine = min(first + world.rank, len(inputs.inits) - 1)  # who has none left keeps step with the others
                for rows, maps in bands(forecaster, inputs, inputs.inits[mine], 1 + len(levels), cut):
                    group = None if groups is None else groups.at(inputs.inits[mine], rows)
                    pieces = world.everyones(finished(inputs, rows, maps, levels, calibration, group))
                    for number, (central, quantiles) in enumerate(pieces[: len(inputs.inits) - first], start=first):
                        if file is not None:
                            file.write(number, rows, slice(0, inputs.size[1]), central, quantiles)
                        if seams is not None:
                            seams.add(number, rows, central[0])
        nbytes = world.leaders(size_of(path) if world.leads else 0)
    inputs.series.fields.close()
    return PredictResult(
        run=run.path,
        path=path,
        variables=inputs.variables,
        init_times=tuple(inputs.series.times.labels[step] for step in inputs.inits),
        horizons=inputs.horizons,
        levels=levels,
        calibrated=calibration is not None,
        size=inputs.size,
        tile=cut,
        seams=None if seams is None else seams.ratios(),
        nbytes=nbytes,
        notes=inputs.notes,
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def finished(
    inputs: ForecastInputs,
    rows: slice,
    maps: Maps,
    levels: Sequence[float],
    calibration: ConformalCalibration | None,
    group: Int64[Tensor, "H y X"] | None,
) -> tuple[Float32[np.ndarray, "H C Y X"], Float32[np.ndarray, "H Q C Y X"] | None]:
    """A band as it is written: calibrated, and missing where nothing was learnt."""
    unknown = ~inputs.known(rows)
    central, quantiles = maps[:, 0].copy(), None
    if levels:
        quantiles = maps[:, 1:].copy()
        if calibration is not None:
            around = torch.from_numpy(quantiles)[None]
            where = None if group is None else group[None]
            quantiles = calibration.apply(torch.from_numpy(central)[None], around, levels, group=where)[0].numpy()
        quantiles[:, :, unknown] = np.nan
    central[:, unknown] = np.nan
    return central, quantiles


def attributes_of(run: RunFolder, loaded: LoadedSpec, calibration: ConformalCalibration | None) -> dict[str, str]:
    """Where the file comes from: the run, its checkpoint, the command."""
    digest = sha256_of(CheckpointStore(run.checkpoints).best())
    program = Path(sys.argv[0]).name
    command = join(["stq" if program == "__main__.py" else program, *sys.argv[1:]])
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = {
        "source": f"stq {__version__}, run {loaded.spec.name} ({run.path.name}), checkpoint sha256 {digest}",
        "history": f"{now} {command}",
    }
    if loaded.spec.quantiles is not None:
        found["quantile_calibration"] = (
            "none: quantiles as the network gives them" if calibration is None else f"conformal, {calibration.terms}"
        )
    return found

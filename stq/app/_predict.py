"""Forecast with a finished run, from the latest window or from dates that are named, into a file."""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import join

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.utils.data import default_collate

from stq import __version__
from stq.app._assembly import put_weights
from stq.app._calibrate import groups_for, read_calibration
from stq.app._data import open_run_inputs
from stq.app._losses import levels_of
from stq.app._models import build_network
from stq.app._run_folder import RunFolder
from stq.calibration import ConformalCalibration
from stq.data import ForecastInputs, Statistics, blend, forecast_file, refuse_taken
from stq.errors import UsageError
from stq.models import Forecaster
from stq.spec import LoadedSpec
from stq.training import joined

Maps = Float32[np.ndarray, "H L C Y X"]
"""The central forecast first on the L axis, then the quantiles."""


@dataclass(frozen=True)
class PredictResult:
    """What was written. `tile` is side and overlap in cells, None where the field went through in one piece."""

    run: Path
    path: Path
    variables: tuple[str, ...]
    init_times: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    calibrated: bool
    size: tuple[int, int]
    tile: tuple[int, int] | None
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
        nbytes=nbytes,
        notes=inputs.notes,
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def tiles_of(
    loaded: LoadedSpec, size: tuple[int, int], side: int | None, overlap: int | None
) -> tuple[int, int] | None:
    """Side and overlap of the tiles: as asked for, else those of training; None where one piece is enough."""
    patch = loaded.spec.data.patch
    if side is None and overlap is not None and patch is None:
        raise UsageError("--overlap is of tiles, and the run was not trained on patches: give --tile as well")
    if side is None:
        if patch is None:
            return None
        side = patch.size
        overlap = patch.overlap if overlap is None else overlap
    elif overlap is None:
        overlap = side // 4
    assert overlap is not None  # for the type checker
    if side < 1 or not 0 <= overlap < side:
        raise UsageError(f"tiles of {side} cells can't share {overlap} of them: --overlap is from 0 to below --tile")
    return None if max(size) <= side else (side, overlap)


def bands(
    forecaster: Forecaster, inputs: ForecastInputs, step: int, fields: int, cut: tuple[int, int] | None
) -> Iterator[tuple[slice, Maps]]:
    """The forecast from one step, in units, as bands of rows from the first row to the last."""
    horizons, variables = len(inputs.horizons), len(inputs.variables)

    def forecast(rows: slice, columns: slice) -> Float32[np.ndarray, "L Y X"]:
        batch = default_collate([inputs.window(step, rows, columns)])
        with torch.no_grad():
            found = forecaster(batch.inputs, batch.base, batch.location)
        maps = inputs.to_units(found.central, batch.offset).unsqueeze(2)
        if found.quantiles is not None:
            maps = torch.cat([maps, inputs.to_units(found.quantiles, batch.offset)], dim=2)
        return np.asarray(maps[0].flatten(0, 2).float().numpy())

    if cut is None:
        whole = slice(0, inputs.size[0]), slice(0, inputs.size[1])
        pieces: Iterator[tuple[slice, Float32[np.ndarray, "L N X"]]] = iter([(whole[0], forecast(*whole))])
    else:
        pieces = blend(inputs.size, *cut, horizons * fields * variables, forecast)
    for rows, maps in pieces:
        yield rows, maps.reshape(horizons, fields, variables, *maps.shape[1:])


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
    digest = hashlib.sha256(run.best.read_bytes()).hexdigest()
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

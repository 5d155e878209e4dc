"""What goes with an exported network: the same facts for programs and for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from stq import __version__
from stq.app._epochs import number, read_epochs
from stq.app._run_folder import RunFolder
from stq.app._score_split import Scoring
from stq.app.exporting._network import ExportedNetwork
from stq.data import ForecastData

MEANINGS = {
    "inputs": "the frames of the history, normalised, in the order of `channels`",
    "base": "the last known frame of the variables, normalised",
    "location": "latitude and longitude in degrees; 0 where the grid is not geographic",
    "offset": "what a normalised 0 stands for at each target, in units, transformed where `variables` says so",
    "group": "index in `calibration.groups` of each target, -1 for none",
    "central": "the central forecast, in units",
    "quantiles": "the quantiles at `levels`, in units",
}
AXES = {
    "inputs": "B T K Y X",
    "base": "B C Y X",
    "location": "B 2 Y X",
    "offset": "B H C Y X",
    "group": "B H Y X",
    "central": "B H C Y X",
    "quantiles": "B H Q C Y X",
}
LIMITS = (
    "It forecasts the variables, the grid and the time step above: on data from elsewhere it guesses.",
    "Inputs have to be normalised as the statistics say, missing values filled as in training.",
    "Cells without a target in the training part were never learnt; stq predict leaves them missing.",
    "The band's coverage is a statement about many forecasts of times like those it was calibrated on, not about one.",
    "The graph takes batches of any size, and fields of the size above alone.",
)


def card_of(
    run: RunFolder,
    scoring: Scoring,
    network: ExportedNetwork,
    tensors: Mapping[str, Tensor],
    *,
    scores: Sequence[Mapping[str, object]] | None,
) -> dict[str, object]:
    """The card for programs. `tensors` are inputs and outputs by name; no path of this machine is in it."""
    data, spec = scoring.data, scoring.loaded.spec
    site, statistics, epochs = data.normaliser.site, data.normaliser, read_epochs(run)
    losses = [row.get("val_central") for row in epochs.rows if int(row["epoch"]) == epochs.best]
    calibration = network.calibration

    def described(names: Sequence[str]) -> list[dict[str, object]]:
        return [
            {
                "name": name,
                "axes": AXES[name],
                "shape": ["batch", *tensors[name].shape[1:]],
                "dtype": str(tensors[name].dtype).removeprefix("torch."),
                "meaning": MEANINGS[name],
            }
            for name in names
        ]

    return {
        "stq_card": 1,
        "name": spec.name,
        "licence": "",
        "made_with": {"stq": __version__, "torch": torch.__version__},
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "inputs": described(network.input_names),
        "outputs": described(network.output_names),
        "variables": [
            {
                "name": name,
                "units": data.units[index],
                "scale": float(statistics.scale[index]),
                "transform": statistics.transforms[index],
            }
            for index, name in enumerate(data.variables)
        ],
        "to_units": "transform's inverse of (offset + scale * normalised value)",
        "channels": list(data.channel_names),
        "history": data.history,
        "horizons": list(data.horizons),
        "time_step": None if site is None or site.step is None else str(site.step),
        "levels": list(network.levels),
        "calibrated": calibration is not None,
        "calibration": None if calibration is None else asdict(calibration),
        "normalise": statistics.normalise,
        "relative_to": statistics.relative_to,
        "grid": grid_of(data),
        "data": {
            "sha256": data.fingerprint,
            "files": [Path(source).name for source in spec.data.source],
            "parts": {name: list(dates) for name, dates in parts_of(data).items()},
        },
        "model": {
            "name": spec.model.name,
            "settings": {key: plain(value) for key, value in spec.model.settings().items()},
            "parameters": sum(parameter.numel() for parameter in network.forecaster.parameters()),
        },
        "training": {
            "seed": spec.seed,
            "engine": spec.routing.engine,
            "losses": [loss.name for loss in spec.losses],
            "epochs": epochs.count,
            "best_epoch": epochs.best or None,
            "val_central": number(losses[0]) if losses else None,
        },
        "scores": None if scores is None else list(scores),
        "limits": list(LIMITS),
    }


def plain(value: object) -> object:
    """A setting as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def grid_of(data: ForecastData) -> dict[str, object]:
    """Size and extent of the field."""
    grid = data.grid
    found: dict[str, object] = {"rows": grid.size[0], "columns": grid.size[1], "geographic": grid.geographic}
    for name in ("y", "x", "lat", "lon"):
        values = getattr(grid, name)
        if values is not None:
            found[name] = [float(values.flat[0]), float(values.flat[-1])]
    return found


def parts_of(data: ForecastData) -> dict[str, tuple[str, str]]:
    """The dates of the first and the last target of each part."""
    found = {}
    for name, windows in data.splits.items():
        times = windows.issue_times
        first, last = min(times) + min(data.horizons), max(times) + max(data.horizons)
        found[name] = (data.time_label(first), data.time_label(last))
    return found

"""Export the trained network of a run for programs without stq, with a model card."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from stq import files
from stq.app._evaluate import evaluate_opened
from stq.app._kept_scores import what_is_scored
from stq.app._run_folder import RunFolder
from stq.app._score_split import open_scoring
from stq.app.exporting._card import card_of
from stq.app.exporting._card_text import card_text
from stq.app.exporting._formats import refuse_format, write_network
from stq.app.exporting._network import ExportedNetwork, sample_of
from stq.errors import UsageError
from stq.training import ALONE

BESIDE = (".card.json", ".card.md", ".statistics.npz", ".sample.npz")
"""What stands beside the network, under its name."""


@dataclass(frozen=True)
class ExportResult:
    """What was written. `differences` is, for each network, how far its outputs are from the run's own, in units; None
    where nothing here could run it."""

    run: Path
    networks: tuple[Path, ...]
    files: tuple[Path, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    calibrated: bool
    differences: tuple[float | None, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "run": str(self.run),
            "networks": [
                {"path": str(path), "max_abs_difference": difference}
                for path, difference in zip(self.networks, self.differences, strict=True)
            ],
            "files": [str(path) for path in self.files],
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "calibrated": self.calibrated,
            "notes": list(self.notes),
        }


def export(run: RunFolder, outputs: Sequence[Path], *, force: bool = False, scored: bool = False) -> ExportResult:
    """Write the run's best network to each of `outputs`, whose endings say the formats, and its card beside them.

    All have one name but for the ending, since they share the card. Each is read back and compared with the network on
    two windows of the run's data before anything takes its place; the card, which has the sha256 of the others, comes
    last. With `scored` it has the scores of the test part, or of the validation part where there is no other.

    Raises UsageError for an unknown ending, a missing package, and a file that is there already unless `force`;
    PluginError for a model that has no graph; CheckFailed where the run or a written file is not what it should be.
    """
    stem = stem_of(outputs)
    beside = tuple(stem.with_name(stem.name + ending) for ending in BESIDE)
    card_file = beside[0]
    refuse_existing((*outputs, *beside), force=force)
    parts = run.load_spec().spec.data.split
    scored_as = what_is_scored(run) if scored else None
    scoring = open_scoring(run, "val" if parts.test is None else "test")
    network = ExportedNetwork(scoring)
    sample = sample_of(scoring, network)
    with torch.no_grad():
        wanted = network(*sample.values())
    tensors = {**sample, **dict(zip(network.output_names, wanted, strict=True))}
    found = evaluate_opened(run, scoring, ALONE, keep_as=scored_as) if scored else None
    scores = None if found is None else [score.to_dict() for score in found.scores]
    card = card_of(run, scoring, network, tensors, scores=scores)
    with files.together([*outputs, *beside[1:], card_file], new=not force) as folder:
        differences = tuple(write_network(folder / path.name, network, sample, wanted, card) for path in outputs)
        shutil.copyfile(run.statistics, folder / beside[-2].name)
        mode = (folder / beside[-2].name).stat().st_mode
        np.savez(folder / beside[-1].name, **{key: value.numpy() for key, value in tensors.items()})
        hashes = {path.name: files.sha256_of(folder / path.name) for path in (*outputs, *beside[-2:])}
        card["files"] = {
            path.name: {"sha256": hashes[path.name], "max_abs_difference": difference}
            for path, difference in zip(outputs, differences, strict=True)
        } | {path.name: {"sha256": hashes[path.name]} for path in beside[-2:]}
        (folder / card_file.name).write_text(json.dumps(card, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        text = card_text(card, stem.name, [path.suffix for path in outputs])
        (folder / f"{stem.name}.card.md").write_text(text, encoding="utf-8")
        for path in (*outputs, *beside):
            (folder / path.name).chmod(mode)  # safetensors writes for its owner alone
    notes = tuple(
        f"{path.name} was not run: onnxruntime is not installed"
        for path, difference in zip(outputs, differences, strict=True)
        if difference is None
    )
    return ExportResult(
        run=run.path,
        networks=tuple(outputs),
        files=beside,
        inputs=network.input_names,
        outputs=network.output_names,
        calibrated=network.calibration is not None,
        differences=differences,
        notes=notes,
    )


def stem_of(outputs: Sequence[Path]) -> Path:
    """The one name, without ending, of all. Raises UsageError."""
    for path in outputs:
        refuse_format(path)
    stems = {path.with_suffix("") for path in outputs}
    if len(stems) > 1 or len(set(outputs)) < len(outputs):
        raise UsageError(
            f"the files share one model card, so they differ in nothing but the ending; "
            f"found {', '.join(map(str, outputs))}"
        )
    return stems.pop()


def refuse_existing(paths: Sequence[Path], *, force: bool) -> None:
    """Raises UsageError where something would be overwritten, and where a folder stands in the way."""
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if any(path.is_dir() for path in there):
        raise UsageError(f"{next(path for path in there if path.is_dir())} is a folder; give another name")
    if there and not force:
        raise UsageError(f"{', '.join(map(str, there))}: there already; give another name, or --force to overwrite")

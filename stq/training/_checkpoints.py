"""One checkpoint: a folder that is whole or absent, read without running anything that stands in it.

    step-00000012/
      state.ckpt       what Lightning calls a checkpoint, as `torch.save` writes it
      manifest.json    {"format", "step", "epoch", "files": {"state.ckpt": {"bytes", "sha256"}}, "experiment", "seal"}

The manifest vouches for the state, and its `seal`, the SHA-256 of all else in it, for itself. A checkpoint is named by
the path of its state.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import torch
from torch import Tensor

from stq.documents import parse_json, read_text
from stq.errors import CheckFailed
from stq.files import discard, disk_error, sha256_of, whole

STATE = "state.ckpt"
MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What stands beside a state: how many steps are done, the epoch under way, and which experiment it is of."""

    step: int
    epoch: int
    experiment: Mapping[str, Any]


def write_checkpoint(state: Path, checkpoint: Mapping[str, Any], experiment: Mapping[str, Any]) -> None:
    """Write the folder of `state`, which must not be there before. Raises DiskError; nothing is then left behind."""
    with whole(state.parent) as part:
        sink = None
        try:
            part.mkdir()
            with (part / STATE).open("wb") as file:
                sink = Hashing(file)
                torch.save(checkpoint, cast(IO[bytes], sink))  # it takes whatever has write and flush
            if sink.failed is not None:
                raise sink.failed
            content = {
                "format": FORMAT,
                "step": int(checkpoint["global_step"]),
                "epoch": int(checkpoint["epoch"]),
                "files": {STATE: {"bytes": sink.bytes, "sha256": sink.digest.hexdigest()}},
                "experiment": experiment,
            }
            (part / MANIFEST).write_text(json.dumps({**content, "seal": seal_of(content)}, indent=1) + "\n")
        except OSError as error:
            discard(part)  # so that what is said to be free is so without it
            raise disk_error(state.parent, error, None if sink is None else sink.bytes) from error


class Hashing:
    """A file to write to, which counts and hashes what goes by.

    The first error is kept in `failed`, and what comes after it is counted alone: raised through torch's writer, an
    error would come out as another, or end the process.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.failed: OSError | None = None

    def write(self, data: bytes | memoryview) -> int:
        """As of a file."""
        size = memoryview(data).nbytes
        self.bytes += size
        if self.failed is None:
            try:
                self.file.write(data)
                self.digest.update(data)
            except OSError as error:
                self.failed = error
        return size

    def flush(self) -> None:
        """As of a file."""
        try:
            self.file.flush()
        except OSError as error:
            self.failed = self.failed or error


def verified(state: Path) -> Manifest:
    """The manifest of a checkpoint whose every byte is as it was written. Raises CheckFailed where one isn't."""
    found, size, sha256 = noted(state)
    try:
        if state.stat().st_size != size or sha256_of(state) != sha256:
            raise CheckFailed(f"{state}: the checkpoint is damaged (its sha256 is not that of its manifest)")
    except OSError as error:
        raise CheckFailed(f"{state}: the checkpoint can't be read ({error.strerror})") from error
    return found


def noted_sha256(state: Path) -> str:
    """The SHA-256 of a state as its manifest has it, the state unread. Raises CheckFailed where that is damaged."""
    return noted(state)[2]


def noted(state: Path) -> tuple[Manifest, int, str]:
    """The manifest beside a state, and the bytes and the SHA-256 that it says the state has."""
    path = state.with_name(MANIFEST)
    try:
        content = parse_json(read_text(path))
        seal, file = content.pop("seal"), content["files"][STATE]
        if seal != seal_of(content):
            raise ValueError("its text is not what was written")
        if content["format"] != FORMAT:
            raise ValueError(f"it is of format {content['format']}, and this stq reads {FORMAT}")
        found = Manifest(int(content["step"]), int(content["epoch"]), dict(content["experiment"]))
        return found, int(file["bytes"]), str(file["sha256"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckFailed(f"{path}: the checkpoint is damaged or not one of stq's ({first_line(error)})") from error


def load(state: Path, map_location: Any | None = None) -> dict[str, Any]:
    """Raises CheckFailed where it is damaged, is no checkpoint, or holds more than tensors and plain values."""
    verified(state)
    try:
        found = torch.load(state, map_location=map_location or "cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or a hostile file sets off, in any layer
        raise CheckFailed(f"{state}: the checkpoint is damaged or not one of stq's ({first_line(error)})") from error
    if not (isinstance(found, dict) and isinstance(found.get("state_dict"), dict)):
        raise CheckFailed(f"{state}: not a checkpoint of stq's (it holds no state_dict)")
    return found


def load_weights(state: Path) -> dict[str, Tensor]:
    """The forecaster's own weights out of a training checkpoint, by the forecaster's own names."""
    weights = load(state)["state_dict"]
    prefix = "forecaster."
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def seal_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a document, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__

"""The scores that a run keeps of itself, and whether they are of what it holds now."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from stq.app._finite import finite
from stq.app._run_folder import RunFolder
from stq.app._run_lock import InUse
from stq.calibration import seal, unseal
from stq.errors import CheckFailed, DiskError
from stq.files import sha256_of
from stq.training import CheckpointStore, noted_sha256

if TYPE_CHECKING:
    from stq.app._evaluate import EvaluateResult

KIND = "stq scores"


@dataclass(frozen=True)
class KeptScores:
    """Scores of one split in two numbers, each the mean over variables and horizons, None where there is none.

    They are `stale` where the best checkpoint or the calibration is another one now. `coverage` is of the outermost
    pair of levels, which claims `expected`.
    """

    state: Literal["current", "stale", "damaged"]
    samples: int | None = None
    skill_persistence: float | None = None
    coverage: float | None = None
    expected: float | None = None


Scored = Mapping[str, str | None]
"""The SHA-256 of a best checkpoint, as is noted beside it, and of a calibration."""


def what_is_scored(run: RunFolder) -> Scored | None:
    """What scores of a run are tied to; None where there is nothing sound to score."""
    try:
        calibration = sha256_of(run.calibration) if run.calibration.is_file() else None
        return {"checkpoint": noted_sha256(CheckpointStore(run.checkpoints).best()), "calibration": calibration}
    except (CheckFailed, OSError):
        return None


def keep_scores(run: RunFolder, result: "EvaluateResult", scored: Scored) -> None:
    """Keep what `stq eval` found, tied to what was `scored`.

    A run that can't be written to, that another command writes to, or that is another one by now, keeps nothing.
    """
    with suppress(DiskError, InUse), run.claimed("stq eval"):
        if what_is_scored(run) == scored:
            content = {**scored, "document": finite({**result.to_dict(), "run": None})}
            run.write(run.scores(result.split), seal(KIND, content) + "\n")


def kept_scores(run: RunFolder) -> dict[str, KeptScores]:
    """What a run keeps of its scores, by split."""
    now = what_is_scored(run)
    found = {}
    for place in sorted(run.scores("test").parent.glob("*.json")):
        try:
            found[place.stem] = _in_two_numbers(unseal(KIND, run.read_text(place)), now)
        except (CheckFailed, KeyError, TypeError, ValueError):
            found[place.stem] = KeptScores("damaged")
    return found


def _in_two_numbers(content: Mapping[str, Any], now: Scored | None) -> KeptScores:
    document = content["document"]
    rows = document["scores"]
    widest = [row["intervals"][0] for row in rows if row["intervals"]]
    return KeptScores(
        state="current" if now is not None and {key: content[key] for key in now} == now else "stale",
        samples=int(document["samples"]),
        skill_persistence=_mean([row["skill_persistence"] for row in rows]),
        coverage=_mean([row["coverage"] for row in rows]),
        expected=_mean([interval["expected"] for interval in widest]),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return fmean(known) if known else None

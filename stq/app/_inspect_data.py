"""What stq sees in files, and the fragment of a spec that would read them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stq.data import Inspection, Reading, inspect_sources, list_sources
from stq.registry import load_readers

UNDATED = {"start": "2000-01-01", "step": "1D"}
"""The dates that a fragment gives to a file without any, for the user to correct."""


@dataclass(frozen=True)
class InspectResult:
    """What is in the files, the spec's `data` that would read them, and what a person should know."""

    inspection: Inspection
    data: dict[str, object]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {**asdict(self.inspection), "spec": {"data": self.data}, "notes": list(self.notes)}


def inspect_data(source: Sequence[str]) -> InspectResult:
    """Look at files, at no more than a bounded number of cells of each variable.

    Raises DataError where they can't be opened; what is wrong inside is part of the answer.
    """
    readers = tuple(entry.cls() for entry in load_readers().entries.values())
    inspection = inspect_sources(list_sources(source, Reading(), readers))
    return InspectResult(inspection, fragment_of(inspection, source), tuple(_notes(inspection)))


def fragment_of(inspection: Inspection, source: Sequence[str]) -> dict[str, object]:
    """Every usable variable in the part that it can play; the first that moves is the target."""
    moving = inspection.moving
    data: dict[str, object] = {"source": source[0] if len(source) == 1 else list(source)}
    data["targets"] = list(moving[:1])
    if moving[1:]:
        data["inputs"] = list(moving[1:])
    if inspection.maps:
        data["static"] = list(inspection.maps)
    if moving and inspection.time is None:
        data["time"] = dict(UNDATED)
    if inspection.time is not None and inspection.time.absent:
        data["step"] = inspection.time.step
    return data


def _notes(inspection: Inspection) -> list[str]:
    notes = []
    if inspection.files > 1:
        notes.append(f"variables are those of {Path(inspection.path).name}, the first of {inspection.files} files")
    if inspection.time is not None and inspection.time.problem:
        notes.append(f"dates: {inspection.time.problem}")
    if inspection.time is not None and inspection.time.absent:
        notes.append(f"{inspection.time.absent} frames are missing between the dates: data.step has them as missing")
    if not inspection.moving:
        notes.append("no usable variable changes in time: there is nothing to forecast")
    elif inspection.time is None:
        notes.append("no dates: data.time is a guess, correct it")
    sampled = [each.name for each in inspection.variables if each.seen < each.cells and each.seen]
    if sampled:
        notes.append(f"only a sample was looked at of {', '.join(sampled)}")
    return notes

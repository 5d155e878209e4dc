"""The checkpoints of a run: `step-` folders to go on from, and the `best-` one, which is also forecast with."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stq.errors import CheckFailed
from stq.files import remove
from stq.training._checkpoints import STATE, Manifest, verified

Kind = Literal["step", "best"]
KEPT: dict[Kind, int] = {"step": 2, "best": 1}
"""How many of a kind are left when a new one stands; while it is written there is one more of either."""
FOLDER = re.compile(r"(step|best)-(\d{8,})(?:\.(\d+))?")
FORMER = ("last.ckpt", "best.ckpt")


@dataclass(frozen=True)
class Newest:
    """A checkpoint to go on from, and what was wrong with the later ones."""

    state: Path
    manifest: Manifest
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class CheckpointStore:
    """What lies in the folder `checkpoints` of a run. No file says which is the last: the names do."""

    folder: Path

    def states(self, *kinds: Kind) -> list[Path]:
        """The checkpoints of these kinds, the newest first, each by the path of its state; sound or not.

        Of the same step, `step-` comes before `best-`.
        """
        found = []
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            name = FOLDER.fullmatch(path.name)
            if name is not None and name[1] in kinds and path.is_dir():
                found.append((int(name[2]), name[1], int(name[3] or 1), path / STATE))
        return [path for *_, path in sorted(found, reverse=True)]

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint, sound or not, or one of a former stq."""
        return bool(self.states(*KEPT) or self.former)

    def place(self, kind: Kind, step: int) -> Path:
        """Where the state after `step` steps goes: `step-00000012`, and `step-00000012.2` where that is taken."""
        first = f"{kind}-{step:08}"
        taken = [path.parent.name for path in self.states(kind)]
        numbers = [int(FOLDER.fullmatch(name)[3] or 1) for name in taken if name.split(".")[0] == first]  # type: ignore[index]
        return self.folder / (f"{first}.{max(numbers) + 1}" if numbers else first) / STATE

    def settle(self, kept: Path, kind: Kind) -> None:
        """Remove what `kept`, which was just written, makes superfluous.

        What is later than that is as well: it was damaged, and training went back behind it.
        """
        states = self.states(kind)
        place = states.index(kept)
        for state in states[:place] + states[place + KEPT[kind] :]:
            remove(state.parent)

    def room(self, size: int) -> int:
        """The bytes that states of this `size` still need: as many as are kept, and one more while it is written."""
        held = sum(state.stat().st_size for state in self.states(*KEPT) if state.is_file())
        return max(0, size * (sum(KEPT.values()) + 1) - held)

    def newest(self) -> Newest:
        """The newest that is as it was written. Raises CheckFailed where there are some and none is, or none at all.

        A best one is a state as any other: where its `step-` twin is damaged, or a kill came before it was written,
        training goes on from there.
        """
        damaged: list[str] = []
        for state in self.states(*KEPT):
            try:
                return Newest(state, verified(state), tuple(damaged))
            except CheckFailed as error:
                damaged.append(str(error))
        if not damaged:
            raise CheckFailed(f"{self.folder}: there is no checkpoint to go on from{self.former}")
        lines = "\n".join(f"  {line}" for line in damaged)
        raise CheckFailed(f"{self.folder}: every checkpoint is damaged, and the run can't go on:\n{lines}")

    def best(self) -> Path:
        """The state of the best epoch, sound or not. Raises CheckFailed where there is none."""
        states = self.states("best")
        if not states:
            missing = self.former or ": training was stopped before its first validation; go on with --resume"
            raise CheckFailed(f"{self.folder}: there is no checkpoint of a best epoch{missing}")
        return states[0]

    @property
    def former(self) -> str:
        """What is said of the files of an stq from before the first release; empty where there are none."""
        found = [name for name in FORMER if (self.folder / name).is_file()]
        return f"; {found[0]} was written by a former stq, and this one can't read it: train anew" if found else ""

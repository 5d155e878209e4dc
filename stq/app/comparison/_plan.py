"""Which runs a comparison consists of, and which of them are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from stq.app._epochs import read_epochs
from stq.app._losses import resolve_losses
from stq.app._run_folder import RunFolder
from stq.app._run_lock import holds_nothing
from stq.app.comparison._arms import SHARED, Arm
from stq.errors import UsageError
from stq.spec import LoadedSpec, Spec, load_spec
from stq.training import CheckpointStore

State = Literal["finished", "unfinished", "new"]


@dataclass(frozen=True)
class PlannedRun:
    """One training of a comparison; `origin` is the end of its training part, None where the spec's split is kept."""

    arm: str
    seed: int
    origin: str | None
    loaded: LoadedSpec
    run: RunFolder
    state: State

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        return f"{self.arm} seed {self.seed}" + (f" origin {self.origin}" if self.origin else "")


def plan_runs(
    spec: Path,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    out: Path,
    *,
    overrides: Sequence[str] = (),
    splits: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[PlannedRun, ...]:
    """Every arm under every seed, seeds outermost, in `out`/<arm>-seed-<n>.

    With `splits`, once for each origin, by the `--set` arguments that give its split, in `out`/origin-<date>/... .
    Raises UsageError where one of these folders holds anything else, SpecError where the spec is wrong.
    """
    base = load_spec(spec, overrides)
    updates = {loss.name: loss.updates for loss in resolve_losses(base)}
    refuse_soft_groups(base, arms)
    plans = []
    cuts: list[tuple[str | None, tuple[str, ...]]] = [*(splits or {}).items()] or [(None, ())]
    for (origin, cut), seed, arm in product(cuts, seeds, arms):
        chosen = [*overrides, f"seed={seed}", *cut, *arm.overrides(updates)]
        loaded = load_spec(spec, chosen).without_search
        folder = out if origin is None else out / f"origin-{origin.replace(':', '')}"
        run = RunFolder(folder / f"{arm.name}-seed-{seed}")
        plans.append(PlannedRun(arm.name, seed, origin, loaded, run, state_of(run, loaded)))
    return tuple(plans)


def refuse_soft_groups(loaded: LoadedSpec, arms: Sequence[Arm]) -> None:
    """A soft arm lets losses into the backbone by its name."""
    groups = loaded.spec.groups
    for arm in arms:
        if arm.soft is not None and groups and SHARED[0] not in groups:
            raise UsageError(
                f"the arm {arm.name} opens the group {SHARED[0]}, and the spec's groups are {', '.join(groups)}"
            )


def state_of(run: RunFolder, expected: LoadedSpec) -> State:
    """Whether the folder holds this run, finished or not. Raises UsageError where it holds another, or anything else.

    A run that was stopped before its first checkpoint has to start anew, and counts as new.
    """
    if not run.path.exists() or (run.path.is_dir() and holds_nothing(run.path)):
        return "new"
    if not run.resolved.is_file():
        raise UsageError(f"{run.path} is there and is not a run: remove it, or choose another folder with --out")
    found = load_spec(RunFolder.open(run.path).resolved).spec
    if found != expected.spec:
        raise UsageError(
            f"{run.path} is a run of another spec: {'; '.join(differences(found, expected.spec)[:3])}; "
            f"choose another folder with --out"
        )
    refuse_other_plugins(run, expected)
    if is_finished(run, expected.spec):
        return "finished"
    return "unfinished" if CheckpointStore(run.checkpoints).begun else "new"


def is_finished(run: RunFolder, spec: Spec) -> bool:
    """Whether training ended by itself: it was calibrated or, where nothing is to be, it had run its course."""
    if not CheckpointStore(run.checkpoints).states("best"):
        return False
    if spec.calibration is not None and spec.quantiles is not None:
        return run.calibration.is_file()
    epochs = read_epochs(run)
    if not epochs.count:
        return False
    trainer = spec.trainer
    return (
        epochs.count >= trainer.max_epochs
        or (trainer.max_steps is not None and epochs.steps >= trainer.max_steps)
        or (trainer.patience is not None and epochs.count - epochs.best >= trainer.patience)
    )


def differences(found: Spec, expected: Spec) -> list[str]:
    """Where two specs differ, in words; the innermost keys."""
    there, here = flat(found.model_dump()), flat(expected.model_dump())
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return [f"{key} is {there.get(key)} there and {here.get(key)} here" for key in keys]


def flat(value: object, path: str = "") -> dict[str, object]:
    """Every scalar by its path."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(number), item) for number, item in enumerate(value)]
    else:
        return {path: value}
    return {key: end for name, item in items for key, end in flat(item, f"{path}.{name}".lstrip(".")).items()}


def refuse_other_plugins(run: RunFolder, loaded: LoadedSpec) -> None:
    """Local plugin files may have changed under the same name."""
    if not loaded.spec.plugins:
        return
    used = [copy.sha256 for copy in run.plugin_copies()]
    if used != [file.sha256 for file in loaded.plugin_files]:
        raise UsageError(f"{run.path} was made with other contents of {', '.join(map(str, loaded.spec.plugins))}")

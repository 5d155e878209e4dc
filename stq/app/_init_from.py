"""The weights that a run starts from: which parts take them, which start anew, and what they have seen already."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from stq.app._data import open_data
from stq.app._run_folder import RunFolder
from stq.data import ForecastData, Statistics
from stq.errors import CheckFailed, SpecError
from stq.models import Forecaster
from stq.routing import Groups
from stq.spec import LoadedSpec
from stq.training import CheckpointStore, load_weights

HEADS = ("central_heads", "lower_heads", "median_heads", "upper_heads")
BAND = HEADS[1:]


@dataclass(frozen=True)
class InitialWeights:
    """Where the weights at the first step come from, part by part (`convlstm`, `central_heads.0`).

    `loaded` parts have every tensor from `run`, `fresh` ones none. `unused` parts of the run have no place here.
    """

    run: str
    loaded: tuple[str, ...]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}


def start_from(loaded: LoadedSpec, forecaster: Forecaster, data: ForecastData, origin: RunFolder) -> InitialWeights:
    """Give the network the best weights of `origin`, whole parts at a time.

    Heads of the band are taken over where the levels and their order are those of the run, and start anew where they
    are not: the head of another level is no beginning that anyone asked for.

    Raises SpecError where the horizons differ, or dates to be judged on were seen in training; CheckFailed where a part
    is there in another form, or nothing is shared at all.
    """
    refuse_other_horizons(loaded, origin)
    refuse_other_channels(loaded, origin)
    refuse_seen(loaded, data, origin)
    same_band = loaded.spec.quantiles == origin.load_spec().spec.quantiles
    ours = parts_of(forecaster.state_dict())
    best = CheckpointStore(origin.checkpoints).best()
    theirs = parts_of(load_weights(best))
    shared = [part for part in ours if part in theirs and (same_band or not part.startswith(BAND))]
    faults = [fault for part in shared for fault in differences(ours[part], theirs[part])]
    if faults or not shared:
        listed = "\n".join(f"  {fault}" for fault in faults) or "  no part of the network is in it"
        raise CheckFailed(
            f"{best.parent}: these weights are not of this network; a part is taken over whole or starts anew, and "
            f"here the settings under model differ from those of the run:\n{listed}"
        )
    weights = {name: value for part in shared for name, value in theirs[part].items()}
    forecaster.load_state_dict({**forecaster.state_dict(), **weights})
    return InitialWeights(
        run=str(origin.path),
        loaded=tuple(shared),
        fresh=tuple(part for part in ours if part not in shared),
        unused=tuple(part for part in theirs if part not in shared),
    )


def parts_of(state: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors of a forecaster by part: each head, and each other top-level module."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        words = name.split(".")
        parts.setdefault(".".join(words[: 2 if words[0] in HEADS else 1]), {})[name] = value
    return parts


def differences(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> list[str]:
    """What keeps one part from being taken over whole."""
    faults = [f"{name} is not in the run" for name in ours if name not in theirs]
    faults += [f"{name} of the run has no place here" for name in theirs if name not in ours]
    faults += [
        f"{name} has the shape {tuple(value.shape)} here and {tuple(theirs[name].shape)} in the run"
        for name, value in ours.items()
        if name in theirs and value.shape != theirs[name].shape
    ]
    return faults


def refuse_frozen_at_random(loaded: LoadedSpec, groups: Groups, initial: InitialWeights) -> None:
    """Refuse a frozen group with parts that the run does not have: they would stay random for good.

    Raises SpecError at the group's name under `freeze`.
    """
    problems = []
    for number, name in enumerate(loaded.spec.freeze):
        group = next(group for group in groups if group.name == name)
        random = [part for part in initial.fresh if any(p.startswith(f"{part}.") for p, _ in group.parameters)]
        if random:
            message = f"{name} would be frozen at random weights: {initial.run} has no {', '.join(random)}"
            hint = "let a loss update the group, or start from a run that has these parts"
            problems.append(loaded.problem(("freeze", number), message, hint))
    if problems:
        raise SpecError(problems)


def refuse_other_horizons(loaded: LoadedSpec, origin: RunFolder) -> None:
    """Refuse initial weights that would land in the head of another horizon: heads are known by their place.

    Raises SpecError.
    """
    theirs, ours = origin.load_spec().spec.data.horizons, loaded.spec.data.horizons
    if any(former != wanted for former, wanted in zip(theirs, ours, strict=False)):
        message = f"the heads of {origin.path} are of the horizons {list(theirs)}, found {list(ours)}"
        hint = "give the same horizons, with further ones at the end, or leave init_from out"
        raise SpecError([loaded.problem(("data", "horizons"), message, hint)])


def refuse_other_channels(loaded: LoadedSpec, origin: RunFolder) -> None:
    """Refuse calendar channels in another order: the weights would read one for the other.

    That variables are the same, in the same order, is checked with the statistics. Raises SpecError.
    """
    theirs, ours = origin.load_spec().spec.data.calendar, loaded.spec.data.calendar
    if theirs != ours:
        message = f"{origin.path} reads the calendar channels {list(theirs)}, found {list(ours)}"
        raise SpecError([loaded.problem(("data", "calendar"), message, f"give calendar: {list(theirs)}")])


def refuse_seen(loaded: LoadedSpec, data: ForecastData, origin: RunFolder) -> None:
    """Refuse to judge a forecast on targets that the run `origin`, or one that it started from in turn, was trained on:
    a leak through its weights.

    Only where both read the same data; of other data nobody can tell. Raises SpecError, and UsageError where a run that
    `origin` started from is gone.
    """
    run: RunFolder | None = origin
    while run is not None:
        former = run.load_spec().spec
        same_data = data.fingerprint == run.read_environment().get("data_sha256")
        if same_data and former.data.split != loaded.spec.data.split:
            seen = targets_of(open_data(former.data, Statistics.load(run.statistics), loaded=loaded), "train")
            for split in data.splits:
                judged = targets_of(data, split)
                if split != "train" and judged & seen:
                    share = f"{len(judged & seen)} of the {len(judged)} dates of {split}"
                    hint = "give data.split as that run has it, or dates that are none of its train part"
                    message = f"{run.path} has seen {share} in training"
                    raise SpecError([loaded.problem(("init_from",), message, hint)])
        run = None if former.init_from is None else RunFolder.open(Path(former.init_from))


def targets_of(data: ForecastData, split: str) -> set[str]:
    """The dates on which the windows of a split are judged."""
    return {data.time_label(step + horizon) for step in data.splits[split].issue_times for horizon in data.horizons}

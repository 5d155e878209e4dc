"""What the weights that a run starts from have seen already."""

from stq.app._data import open_data
from stq.app._run_folder import RunFolder
from stq.data import ForecastData, Statistics
from stq.errors import SpecError
from stq.spec import LoadedSpec


def refuse_other_horizons(loaded: LoadedSpec, origin: RunFolder) -> None:
    """Refuse initial weights that would land in the head of another horizon: heads are known by their place.

    Raises SpecError.
    """
    theirs, ours = origin.load_spec().spec.data.horizons, loaded.spec.data.horizons
    if any(former != wanted for former, wanted in zip(theirs, ours, strict=False)):
        message = f"the heads of {origin.path} are of the horizons {list(theirs)}, found {list(ours)}"
        hint = "give the same horizons, with further ones at the end, or leave init_from out"
        raise SpecError([loaded.problem(("data", "horizons"), message, hint)])


def refuse_seen(loaded: LoadedSpec, data: ForecastData, origin: RunFolder) -> None:
    """Refuse to judge a forecast on targets that the run `origin` was trained on: a leak through its weights.

    Only where both read the same data; of other data nobody can tell. Raises SpecError.
    """
    former = origin.load_spec().spec.data
    if former.split == loaded.spec.data.split or data.fingerprint != origin.read_environment().get("data_sha256"):
        return
    seen = targets_of(open_data(former, Statistics.load(origin.statistics)), "train")
    for split in data.splits:
        judged = targets_of(data, split)
        if split != "train" and judged & seen:
            message = f"{origin.path} has seen {len(judged & seen)} of the {len(judged)} dates of {split} in training"
            hint = "give data.split as that run has it, or dates that are none of its train part"
            raise SpecError([loaded.problem(("init_from",), message, hint)])


def targets_of(data: ForecastData, split: str) -> set[str]:
    """The dates on which the windows of a split are judged."""
    return {data.time_label(step + horizon) for step in data.splits[split].issue_times for horizon in data.horizons}

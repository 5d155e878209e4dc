"""The same split at other times: the training part ends at a date, and the parts after it move along."""

from collections.abc import Mapping, Sequence

from stq.app._data import readers_for, request_of
from stq.data import plan_windows, read_series, resolve_splits
from stq.errors import DataError, UsageError
from stq.spec import LoadedSpec


def splits_at(loaded: LoadedSpec, origins: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each date, the `--set` arguments that make the training part end with it.

    A partial date stands for its whole period: 1998-12 ends with the last step of December. Raises UsageError for a
    date that is named twice, DataError where the series is too short for the split that a date asks for.
    """
    if len(set(origins)) < len(origins):
        raise UsageError(f"an origin is named twice: {', '.join(origins)}")
    spec = loaded.spec.data
    request = request_of(spec, readers_for(spec, loaded.plugin_files))
    series = read_series(request)
    times = series.times
    series.fields.close()
    parts = resolve_splits(request.split, times)
    found = {}
    for origin in origins:
        try:
            end = resolve_splits({"origin": (origin, origin)}, times)["origin"].stop
            moved = move(parts, end, len(times))
            plan_windows(len(times), request.history, request.horizons, moved, gap=request.gap, strict=request.strict)
        except DataError as error:
            said = str(error).removeprefix("data.split: ")
            raise DataError(f"origin {origin}: {said}") from error
        labels = times.labels
        found[origin] = tuple(
            f'data.split.{name}=["{labels[part.start]}", "{labels[part.stop - 1]}"]' for name, part in moved.items()
        )
    return found


def move(parts: Mapping[str, range], end: int, steps: int) -> dict[str, range]:
    """Let `train` end before step `end`, and shift every other part by as much; train keeps its beginning.

    Raises DataError where a part comes before `train`, or the moved ones leave the series of so many `steps`.
    """
    train = parts["train"]
    early = [name for name, part in parts.items() if name != "train" and part.start < train.stop]
    if early:
        raise DataError(f"the split can't be moved: {', '.join(early)} does not come after the training part")
    if end <= train.start:
        raise DataError("the training part would end before it begins")
    shift = end - train.stop
    moved = {name: range(part.start + shift, part.stop + shift) for name, part in parts.items()}
    moved["train"] = range(train.start, end)
    beyond = {name: part.stop - steps for name, part in moved.items() if part.stop > steps}
    if beyond:
        name, excess = max(beyond.items(), key=lambda item: item[1])
        raise DataError(f"{name} would end {excess} steps after the series, which has {steps}; choose an earlier date")
    return moved

"""Which windows have something to learn or to judge, from the number of valid cells of each step."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int64

from stq.errors import DataError


def refuse_unknown_targets(
    counts: Mapping[str, Int64[np.ndarray, "N C"]],
    targets: Sequence[str],
    issued: Mapping[str, Sequence[int]],
    horizons: Sequence[int],
) -> None:
    """Refuse, before training rather than after it, splits that can't judge some target at some horizon.

    `counts` holds, for each split, the valid cells of each step and target where that split is judged.

    Raises:
        DataError: no window of a split has a valid value of it.
    """
    for split, steps in issued.items():
        for horizon in horizons:
            known = np.asarray(counts[split][np.array(steps) + horizon].any(axis=0))
            for index, name in enumerate(targets):
                if not known[index]:
                    raise DataError(
                        f"target '{name}' has no valid value in {split} at horizon {horizon}: "
                        f"choose other dates for it (data.split), or leave the target out"
                    )


def windows_with_targets(
    counts: Mapping[str, Int64[np.ndarray, "N C"]], issued: Mapping[str, Sequence[int]], horizons: Sequence[int]
) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    """The windows in which at least one target is known somewhere, and a note on the others.

    A window without any teaches and judges nothing, and its losses have no gradient.
    """
    leads, kept, notes = np.array(horizons), {}, []
    for split, steps in issued.items():
        known = np.asarray(counts[split].any(axis=1))
        kept[split] = tuple(step for step in steps if bool(known[step + leads].any()))
        lost = len(steps) - len(kept[split])
        if lost:
            notes.append(f"{lost} of {len(steps)} windows of {split} left out: not one target of theirs is known")
    return kept, tuple(notes)

"""Check a spec without training, in the order of cost: its text, its plugins, its data; and, asked for, one batch."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from stq.app._assembly import Experiment, assemble
from stq.app._calibrate import groups_of
from stq.app._check import CheckResult, summary
from stq.app._memory import memory_of
from stq.app._strata import Stratification
from stq.app._train import audited, ignore
from stq.calibration import frames_notes
from stq.spec import LoadedSpec
from stq.training import ALONE


def check(
    loaded: LoadedSpec, *, build: bool = False, passed: Callable[[str], None] = lambda stage: None
) -> CheckResult:
    """Everything that `train` would refuse before its first step is refused here, by the same code.

    With `build` one batch as well: a real training step, its gradients audited as at the beginning of a training, its
    update thrown away. `passed` hears of every stage that held: plugins, data, network, batch (the text was read
    before). Raises CheckFailed where the audit fails, and what `assemble` raises.
    """
    experiment = assemble(loaded, passed=passed)
    result = replace(summary(experiment), memory=memory_of(experiment), warnings=_few_frames(experiment))
    if not build:
        return result
    audit = audited(ALONE, experiment, None, ignore, write=False)
    passed("batch")
    return replace(result, gradients=audit.audit.verdict)


def _few_frames(experiment: Experiment) -> tuple[str, ...]:
    """Levels that ask for more frames than the calibration part, or any group that is calibrated apart, will have."""
    loaded, data = experiment.loaded, experiment.data
    spec, windows = loaded.spec, data.splits.get("calibration")
    if spec.calibration is None or spec.quantiles is None or windows is None:
        return ()
    issued = np.unique(windows.issue_times)
    groups = groups_of(spec.calibration.by, data, loaded, None)
    own = {} if groups is None else _frames_of(groups, issued, apart="horizon" in spec.calibration.by)
    return frames_notes(spec.quantiles.levels, len(issued), own)


def _frames_of(groups: Stratification, issued: Int64[np.ndarray, " N"], *, apart: bool) -> dict[str, int]:
    """The frames of each group, those of the horizon that has the fewest where horizons are `apart`.

    Values that are missing are not looked for: a frame without any counts too.
    """
    targets = issued[:, None] + np.array(groups.horizons)
    parts = list(targets.T) if apart else [np.unique(targets)]
    offsets = np.unique(groups.by_cell[groups.by_cell >= 0])
    size = len(groups.names)
    counts = []
    for frames in parts:
        found = groups.by_step[frames][:, None] + offsets
        counts.append(np.bincount(found.ravel(), minlength=size))
    return dict(zip(groups.names, np.min(counts, axis=0).tolist(), strict=True))

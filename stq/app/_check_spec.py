"""Check a spec without training, in the order of cost: its text, its plugins, its data; and, asked for, one batch."""

from collections.abc import Callable
from dataclasses import replace

from stq.app._assembly import Experiment, assemble
from stq.app._check import CheckResult, summary
from stq.app._memory import memory_of
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
    """Levels that ask for more frames than the calibration part will have."""
    spec, windows = experiment.loaded.spec, experiment.data.splits.get("calibration")
    if spec.calibration is None or spec.quantiles is None or windows is None:
        return ()
    return frames_notes(spec.quantiles.levels, len(set(windows.issue_times)))

"""Whether a training has room for what it will keep."""

import errno

from stq.app._assembly import Experiment
from stq.app._memory import bytes_of_state
from stq.app._run_folder import RunFolder
from stq.files import disk_error, free_space
from stq.training import CheckpointStore


def refuse_full_disk(run: RunFolder, experiment: Experiment) -> None:
    """Raises DiskError where the checkpoints of a training won't fit, before it begins rather than days later."""
    needed = CheckpointStore(run.checkpoints).room(bytes_of_state(experiment))
    if needed > free_space(run.checkpoints):
        error = OSError(errno.ENOSPC, "the checkpoints of this training don't fit")
        raise disk_error(run.checkpoints, error, needed)

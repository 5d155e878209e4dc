"""What trains one network after another can't share them with other processes."""

import os

from stq.errors import UsageError
from stq.spec import Spec


def refuse_many_processes(spec: Spec, name: str) -> None:
    """Raises UsageError where `name`, such as "a search", would train in several processes."""
    trainer = spec.trainer
    if (trainer.devices, trainer.num_nodes) != (1, 1) or os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError(f"{name} trains in one process: give --set trainer.devices=1, and don't use torchrun")

"""The further processes of this machine, started by Lightning as the same command again."""

import os
import subprocess
import time
from contextlib import suppress
from datetime import timedelta

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from torch.distributed import Store, TCPStore  # type: ignore[attr-defined]  # left out of torch's __all__
from torch.distributed.rendezvous import rendezvous

from stq.errors import StqError

SET_BY_LIGHTNING = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
PRESENT = "stq/present"
LEAVING_SECONDS = 5.0


class Siblings:
    """The processes that this one has started: none, unless `launch` made it."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment: dict[str, str | None] = {}

    def meeting_place(self, rank: int, size: int, timeout: timedelta) -> Store:
        """The store that all processes meet at. Raises StqError where one has ended before all had come."""
        if "RANK" in os.environ:  # whoever started this process watches over the others
            store, _, _ = next(iter(rendezvous("env://", rank, size, timeout=timeout)))
            found: Store = store
            return found
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(address, port, size, rank == 0, timeout, wait_for_workers=False)
        present, end = store.add(PRESENT, 1), time.monotonic() + timeout.total_seconds()
        while rank == 0 and present < size:  # in Python, where a signal and a child's end are seen
            gone = [process.returncode for process in self.processes if process.poll() is not None]
            if gone or time.monotonic() > end:
                why = f"one ended with exit code {gone[0]}" if gone else f"{present} of {size} came"
                raise StqError(f"the processes of this training did not all start: {why}")
            time.sleep(0.02)
            present = store.add(PRESENT, 0)
        return store

    def wait(self) -> None:
        """Let them finish what this process has finished."""
        self._wait(60.0)
        self.end()

    def end(self) -> None:
        """See them go: by themselves, or else by force."""
        for force in (None, subprocess.Popen.terminate, subprocess.Popen.kill):
            for process in self.processes:
                if force is not None and process.poll() is None:
                    force(process)
            if self._wait(LEAVING_SECONDS):
                return

    def restore_environment(self) -> None:
        """As it was before, so that the next training of this process starts anew."""
        for name, value in self.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _wait(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        with suppress(subprocess.TimeoutExpired):
            for process in self.processes:
                process.wait(max(0.0, end - time.monotonic()))
        return all(process.poll() is not None for process in self.processes)


def launch(processes: int, machines: int) -> Siblings:
    """Start the other `processes - 1` of this machine, each of which runs this process's command from its beginning."""
    siblings = Siblings()
    siblings.environment = {name: os.environ.get(name) for name in SET_BY_LIGHTNING}
    launcher = _SubprocessScriptLauncher(LightningEnvironment(), processes, machines)
    # Not `launch`: the watcher that it starts kills this process when another fails, before it can say why.
    launcher._call_children_scripts()
    siblings.processes = launcher.procs
    return siblings

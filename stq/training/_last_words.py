"""What a process that fails alone tells the others, who only see that it is gone."""

import json
import time

import torch.distributed as dist
from torch.distributed import Store  # type: ignore[attr-defined]  # left out of torch's __all__

from stq.errors import AnomalyError, Elsewhere, Interrupted, NonFiniteError, Stopped, StqError, exit_code_of

KEY = "stq/last words"
PATIENCE_SECONDS = 2.0


class LastWords:
    """A note in the store that the processes met at: the first to fail alone writes it, whoever loses it reads it."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.store: Store | None = None

    def leave(self, error: BaseException) -> BaseException:
        """The error to leave with: the same, or that of the process that this one was left by."""
        together = isinstance(error, NonFiniteError | Stopped) and not isinstance(error, AnomalyError)
        if together:  # all have decided so
            return error if self.rank == 0 else Elsewhere(exit_code_of(error))
        if isinstance(error, Interrupted):
            self._write(exit_code_of(error), str(error))
        if isinstance(error, Elsewhere) or not isinstance(error, Exception):
            return error
        if isinstance(error, StqError) or not connection_lost(error):
            self._write(exit_code_of(error), str(error))
            return error
        rank, code, message = self._read() or ("?", 1, "it was killed, or ran out of memory")
        return Elsewhere(code, f"process {rank} ended: {message}" if self.rank == 0 else "")

    def _write(self, code: int, message: str) -> None:
        try:
            if self.store is not None and not self.store.check([KEY]):
                self.store.set(KEY, json.dumps([self.rank, code, message]))
        except RuntimeError:
            return  # whoever keeps the store is gone: there is nobody left to tell

    def _read(self) -> tuple[object, int, str] | None:
        end = time.monotonic() + PATIENCE_SECONDS
        try:
            while self.store is not None and time.monotonic() < end:
                if self.store.check([KEY]):
                    rank, code, message = json.loads(self.store.get(KEY))
                    return rank, int(code), str(message)
                time.sleep(0.05)
        except RuntimeError:
            return None
        return None


def connection_lost(error: Exception) -> bool:
    """Whether a collective operation failed because another process has gone."""
    if isinstance(error, dist.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word in text for word in ("gloo", "nccl", "connection", "peer"))

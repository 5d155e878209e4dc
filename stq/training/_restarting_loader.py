"""A loader that gets over the death of a worker."""

import logging
import time
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, Sampler
from torch.utils.data._utils import signal_handling

from stq.errors import StqError
from stq.tensors import Batch
from stq.training._parcel import Parcel

RESTARTS = 10
"""How often in one pass over the data the workers are started anew."""

ENDING_SECONDS = 1.0
"""How long a worker may be seen to live after it has let go of its connections."""


class Agenda(Sampler[list[int]]):
    """The batches of one pass; after `go_on_after`, what is left of them."""

    def __init__(self, batches: Sampler[list[int]]) -> None:
        self.batches = batches
        self.sampler = getattr(batches, "sampler", None)  # Lightning tells it the epoch
        self._left: list[list[int]] | None = None

    def __iter__(self) -> Iterator[list[int]]:
        # Nothing is asked of `batches` before the first is needed: Lightning tells the epoch after it asks for this.
        if self._left is None:
            self._left = list(self.batches)
        yield from self._left

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]  # a sampler of batches has a length

    def begin(self) -> None:
        """Forget the last pass."""
        self._left = None

    def go_on_after(self, count: int) -> None:
        """So many of the batches have come through."""
        if self._left is not None:
            self._left = self._left[count:]


class RestartingLoader(DataLoader[Batch]):
    """Where a worker was killed, by the system for its memory, say, new ones go on with the next batch.

    The batches are the same, and so is all that is made of them: what a sample is depends on its number alone. After
    RESTARTS in one pass it is given up. Raises StqError.
    """

    def __init__(self, data: Any, batches: Sampler[list[int]], workers: int, **settings: Any) -> None:
        self.agenda = Agenda(batches)
        super().__init__(
            data, batch_sampler=self.agenda, num_workers=workers, persistent_workers=workers > 0, **settings
        )

    def __iter__(self) -> Any:
        self.agenda.begin()
        return super().__iter__() if self.num_workers == 0 else self._persevering()

    def _persevering(self) -> Iterator[Batch]:
        for restart in range(RESTARTS + 1):
            count = 0
            try:
                for batch in unalarmed(super().__iter__()):
                    opened = batch.opened() if isinstance(batch, Parcel) else batch
                    count += 1  # not before: torch may tell of another loader's worker at any line
                    yield opened
                return
            except (RuntimeError, OSError, EOFError) as error:
                if not self._worker_ended(error):
                    raise
                if restart == RESTARTS:
                    raise StqError(
                        f"a process that loads windows ended {restart + 1} times in one pass over the data, the last "
                        f"time so: {error}. Too little memory is the usual cause: set fewer data.workers, and go on "
                        f"with --resume"
                    ) from error
                first = str(error).splitlines()[0] if str(error) else type(error).__name__
                text = "a process that loads windows has ended (%s); new ones are started, %d of %d times"
                logging.getLogger("stq").warning(text, first, restart + 1, RESTARTS)
            self.agenda.go_on_after(count)
            self._end_workers()

    def _worker_ended(self, error: Exception) -> bool:
        """Whether it tells of the end of a worker, rather than of what happened within one.

        torch says so itself, unless the worker goes just while its batch is fetched: then a connection breaks, in this
        thread or in the one that pins memory, which then ends.
        """
        if str(error).startswith("DataLoader worker (pid"):
            return True
        of_thread = str(error).startswith("Pin memory thread exited")
        if (isinstance(error, RuntimeError) and not of_thread) or "in DataLoader worker process" in str(error):
            return False
        end = time.monotonic() + ENDING_SECONDS
        while time.monotonic() < end:
            if not all(worker.is_alive() for worker in getattr(self._iterator, "_workers", ())):
                return True
            time.sleep(0.01)
        return False

    def _end_workers(self) -> None:
        """So that the next pass starts new ones."""
        if self._iterator is not None:
            self._iterator._shutdown_workers()  # type: ignore[attr-defined]
            self._iterator = None


def unalarmed(batches: Any) -> Any:
    """The same, with its workers unknown to the handler that torch sets for the end of a child.

    It would raise in the middle of whatever the training does when a worker ends: in an update, or while a checkpoint
    is written. Without it, a loader finds out within five seconds of waiting for that worker. The handler itself is
    left as it is, for any other loader of the process.
    """
    if batches._worker_pids_set:  # not when the workers of an earlier pass go on
        signal_handling._remove_worker_pids(id(batches))  # type: ignore[attr-defined]
        batches._worker_pids_set = False  # or torch would remove them a second time, which it takes for a mistake
    return batches

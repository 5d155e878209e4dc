"""The processes of one training or evaluation: how many there are, which this one is, and what they agree on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from stq.errors import SIGNALS, Elsewhere, UsageError, exit_code_of
from stq.spec import TrainerSpec
from stq.training._devices import device_of, devices_of
from stq.training._last_words import LastWords
from stq.training._launch import Siblings, launch

T = TypeVar("T")
JOINING = timedelta(minutes=5)
"""How long a process waits for the others to start; importing torch from a busy network drive takes its time."""

LOCAL = ("LOCAL_RANK", "LOCAL_WORLD_SIZE")


@dataclass(frozen=True)
class World:
    """This process among `size`; `local_rank` of `local_size` on its own machine. The one of rank 0 leads: it alone
    writes and talks."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes and talks."""
        return self.rank == 0

    @property
    def machines(self) -> int:
        """How many machines there are."""
        return self.size // self.local_size

    def everyones(self, value: T) -> list[T]:
        """The `value` of each process, by rank. Every process has to ask."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def leaders(self, value: T) -> T:
        """The `value` that the leading process has. Every process has to ask."""
        return self.everyones(value)[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """What one process refuses inside, all refuse at the end: the leading one says why, none waits for another.

        Raises the error of this process where it leads, else Elsewhere.
        """
        mine: Exception | None = None
        try:
            yield
        except Exception as error:
            if self.size == 1:
                raise
            mine = error
        if self.size == 1:
            return
        codes = self.everyones(None if mine is None else (exit_code_of(mine), str(mine)))
        if self.leads and mine is not None:
            raise mine
        for rank, failure in enumerate(codes):
            if failure is not None:
                raise Elsewhere(failure[0], f"process {rank}: {failure[1]}" if self.leads else "")


ALONE = World()


@contextmanager
def joined(settings: TrainerSpec | None = None) -> Iterator[World]:
    """The processes that this one belongs to, for as long as the context lasts.

    Whoever started this process may have started others (torchrun, or anything that sets RANK, WORLD_SIZE, LOCAL_RANK,
    MASTER_ADDR and MASTER_PORT); else, where `settings` asks for several, this process starts those of its machine by
    its own command again. Without `settings`, the environment decides alone.

    Raises UsageError where the environment and `settings` differ, Elsewhere where another process failed.
    """
    if dist.is_available() and dist.is_initialized():  # by whoever called us
        rank, size = dist.get_rank(), dist.get_world_size()
        local_rank, local_size = (
            int(os.environ.get(key, value)) for key, value in zip(LOCAL, (rank, size), strict=True)
        )
        yield World(rank, size, local_rank, local_size)
        return
    world, siblings = world_of_environment(settings), Siblings()
    if world is None:
        here, machines = (1, 1) if settings is None else (devices_of(settings), settings.num_nodes)
        if here * machines == 1:
            yield ALONE
            return
        node = int(os.environ.get("NODE_RANK", 0))
        siblings = launch(here, machines)
        world = World(node * here, here * machines, 0, here)
    if world.size == 1:
        yield world
        return
    words = LastWords(world.rank)
    try:
        share_cores(world)
        connect(world, siblings, settings, words)
        yield world
    except BaseException as error:
        heard = words.leave(error)
        if dist.is_initialized() and dist.get_backend() == "gloo":  # NCCL would wait for those that are gone
            dist.destroy_process_group()
        siblings.end()
        if heard is error:
            raise
        raise heard from error
    else:
        dist.destroy_process_group()
        siblings.wait()
    finally:
        siblings.restore_environment()


def world_of_environment(settings: TrainerSpec | None) -> World | None:
    """The world that the environment tells of, None where it tells of none."""
    environment = os.environ
    if "WORLD_SIZE" not in environment or not ("RANK" in environment or "LOCAL_RANK" in environment):
        return None
    size, local_rank = int(environment["WORLD_SIZE"]), int(environment.get("LOCAL_RANK", 0))
    here = size // settings.num_nodes if settings is not None else int(environment.get("LOCAL_WORLD_SIZE", size))
    rank = int(environment.get("RANK", int(environment.get("NODE_RANK", 0)) * here + local_rank))
    if settings is not None and size > 1:
        wanted = here if settings.devices == "auto" else settings.devices
        if size != wanted * settings.num_nodes:
            raise UsageError(
                f"{size} processes were started (WORLD_SIZE), and the spec is for {wanted * settings.num_nodes}: "
                f"trainer.devices {settings.devices} times trainer.num_nodes {settings.num_nodes}; give "
                f"--set trainer.devices=N with the processes of one machine, and trainer.num_nodes"
            )
        here = wanted
    return World(rank, size, local_rank, here)


def share_cores(world: World) -> None:
    """Threads for one process out of those that were chosen for the machine; what the user chose is left alone."""
    if "STQ_CHOSE_THREADS" in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // world.local_size))


def connect(world: World, siblings: Siblings, settings: TrainerSpec | None, words: LastWords) -> None:
    """Meet the other processes. Raises StqError where they don't come."""
    cuda = settings is not None and device_of(settings.accelerator) == "cuda"
    if cuda:
        torch.cuda.set_device(world.local_rank)
    with deadly(*SIGNALS):
        words.store = siblings.meeting_place(world.rank, world.size, JOINING)
        backend = "nccl" if cuda else "gloo"
        dist.init_process_group(backend, store=words.store, rank=world.rank, world_size=world.size)


@contextmanager
def deadly(*numbers: int) -> Iterator[None]:
    """The signals end the process at once: nothing is to be saved yet, and a handler would wait for the others."""
    former: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                if signal.getsignal(number) != signal.SIG_IGN:
                    former[number] = signal.signal(number, signal.SIG_DFL)
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

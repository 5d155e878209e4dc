"""Random streams with names, so that what one part draws never depends on which other parts exist."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def stream_seed(seed: int, name: str) -> int:
    """The seed of the stream `name` in a run seeded with `seed`: 63 bits of a SHA-256 over both."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def stream(seed: int, name: str) -> Iterator[None]:
    """Draw from the stream `name` on the CPU; the caller's own generator is as before afterwards.

    Only the CPU generator is touched (`torch.manual_seed` would reseed every accelerator and not put it back), so
    modules are built on the CPU and moved.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stream_seed(seed, name))
        yield

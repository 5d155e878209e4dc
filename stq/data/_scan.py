"""One look at every frame before anything is fitted: what is known where, and a checksum of each."""

import hashlib
from collections.abc import Sequence

import numpy as np

from stq.data._field_store import FieldStore, Scan, in_blocks
from stq.errors import CheckFailed


def scan_fields(fields: FieldStore, names: Sequence[str]) -> Scan:
    """Read every frame once, block by block.

    Raises:
        CheckFailed: a frame is not what was written: its checksum, kept with the fields, says otherwise.
    """
    steps, variables = fields.shape[:2]
    digests, counts = np.empty((steps, variables, 32), dtype=np.uint8), np.empty((steps, variables), dtype=np.int64)
    everything = np.arange(steps)
    for block in in_blocks(fields, everything, variables):
        frames = np.ascontiguousarray(fields.read(everything[block], fields.whole))
        counts[block] = np.isfinite(frames).sum(axis=(2, 3))
        for at, frame in enumerate(frames, block.start):
            for index in range(variables):
                digests[at, index] = np.frombuffer(hashlib.sha256(frame[index]).digest(), dtype=np.uint8)
    stored = fields.stored_scan()
    if stored is not None:
        damaged = np.argwhere((stored.digests != digests).any(axis=2))
        for step, index in damaged[:1]:
            more = f" ({len(damaged)} such frames)" if len(damaged) > 1 else ""
            raise CheckFailed(
                f"{fields}: variable '{names[index]}' is damaged at step {step}{more}: "
                f"it does not match its checksum; pack the store again"
            )
    return Scan(digests, counts)


def known_scan(fields: FieldStore, names: Sequence[str], *, verify: bool) -> Scan:
    """What was kept with the fields, as long as nothing is to be verified; else from a pass over them."""
    stored = None if verify else fields.stored_scan()
    return scan_fields(fields, names) if stored is None else stored

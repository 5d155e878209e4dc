"""Files that are whole or absent: written beside their place, put on the disk, and renamed.

Every file of stq's but the rows that are appended to `metrics.csv` is written by `whole` or `write`.
"""

from stq.files._flush import discard, flush, flush_folder, make_folder, missing_folders, sha256_of
from stq.files._parts import PART, sweep
from stq.files._room import FULL, disk_error, free_space, in_words, refuse_missing_folder, refuse_too_large
from stq.files._whole import remove, together, whole, write

__all__ = [
    "FULL",
    "PART",
    "discard",
    "disk_error",
    "flush",
    "flush_folder",
    "free_space",
    "in_words",
    "make_folder",
    "missing_folders",
    "refuse_missing_folder",
    "refuse_too_large",
    "remove",
    "sha256_of",
    "sweep",
    "together",
    "whole",
    "write",
]

"""What may lie in the folder of a run: files and folders of its own.

A run is handed around: by mail, on a shared disk, from an archive. A link in it that leads elsewhere would have stq
read other files as parts of the run and, worse, write to them or remove them: `metrics.csv` is appended to, and former
checkpoints are swept. So whatever leads out of the folder is refused. The folder itself may be a link.
"""

import os
import stat
from pathlib import Path

from stq.errors import CheckFailed

LOGS = "logs"
"""Belongs to the trackers, which link within it as they like; looked at itself, not into."""


def refuse_ways_out(run: Path) -> None:
    """Raises CheckFailed where something in the folder is a link out of it, or neither file nor folder."""
    inside = Path(os.path.realpath(run))
    for folder, names, files in os.walk(run):
        for name in (*names, *files):
            path = Path(folder, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside):
                raise CheckFailed(f"{path}: a link that leads out of the run; put what it leads to in its place")
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue  # it has gone meanwhile, as what a training writes in does
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                raise CheckFailed(f"{path}: neither a file nor a folder, and so no part of a run")
        if Path(folder) == run and LOGS in names:
            names.remove(LOGS)

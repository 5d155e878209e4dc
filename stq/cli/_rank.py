"""One command, several processes: the first one talks."""

import os
import signal
import time

PLACE = ("NODE_RANK", "LOCAL_RANK")
GRACE_SECONDS = 5.0


def leads() -> bool:
    """Whether this process is the first of those that share a command.

    torchrun sets RANK; a process that another stq has started knows its LOCAL_RANK and NODE_RANK.
    """
    ranks = [os.environ["RANK"]] if "RANK" in os.environ else [os.environ.get(key, "0") for key in PLACE]
    return os.environ.get("WORLD_SIZE", "1") == "1" or set(ranks) == {"0"}


def let_the_first_speak() -> None:
    """Before another process leaves with an error: the first one most likely has the same, and says it.

    torchrun ends all processes as soon as one has failed; so the first one speaks undisturbed, this one ends in its
    sleep, and speaks only where it has failed alone. A process that another stq has started need not wait.
    """
    if "RANK" not in os.environ:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(GRACE_SECONDS)

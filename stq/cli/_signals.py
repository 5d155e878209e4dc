"""Signals outside of training, where one waits for the end of the step: there is nothing to save."""

import os
import signal
from types import FrameType

from stq.errors import SIGNALS, Interrupted


def listen() -> None:
    """End the command in order at the first signal, from wherever it is; the second ends it at once.

    A signal that the process was started to ignore (SIGHUP under nohup) stays ignored. A process that is forked from
    this one, to load windows, takes no notice of the first: Ctrl-C and Slurm signal both, and this one ends the other.
    """
    command = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() == command:
            raise Interrupted(number)

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)

"""Signals outside of training, where one waits for the end of the step: there is nothing to save."""

import signal
from types import FrameType
from typing import NoReturn

from stq.errors import SIGNALS, Interrupted


def listen() -> None:
    """End the command in order at the first signal; the second ends it at once.

    A signal that the process was started to ignore (SIGHUP under nohup) stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """Leave from wherever the command is."""
    signal.signal(number, signal.SIG_DFL)
    raise Interrupted(number)

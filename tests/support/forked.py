"""A copy of this process that runs one function: started in milliseconds, and free to be killed."""

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from stq.errors import StqError, exit_code_of


class Child:
    """A process forked off this one. What it prints goes to the file `told`."""

    def __init__(self, function: Callable[[], object], told: Path) -> None:
        self.told = told
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _run(function, told)

    def send(self, number: int) -> None:
        """Send a signal; a child that has ended already is left alone."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def running(self) -> bool:
        """Whether it has not ended yet; its exit code is then still to be fetched by `wait`."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self, seconds: float = 60.0) -> int:
        """The exit code as a shell counts it, 128 + n where signal n killed it. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutError(f"still running after {seconds:g} s; it said: {self.text()[-500:]}")
            time.sleep(0.002)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code if code >= 0 else 128 - code

    def text(self) -> str:
        """What it has printed."""
        return self.told.read_text(errors="replace") if self.told.exists() else ""


def _run(function: Callable[[], object], told: Path) -> None:
    """In the child: run, and leave without what the parent would do at its end."""
    code = 1
    try:
        out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  (pytest has taken the old ones)
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        logging.basicConfig(format="%(message)s", force=True)  # pytest has taken the log as well
        function()
        code = 0
    except StqError as error:
        print(error, file=sys.stderr)
        code = exit_code_of(error)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

"""Reading once more what could not be read for a moment, such as from a network drive that is away."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from stq.errors import DataError

T = TypeVar("T")

WAITS_SECONDS = (0.1, 0.5, 2.0, 10.0)
"""How long to wait before each further try."""

PASSING = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.ENOENT,
        errno.EAGAIN,
        errno.EBUSY,
        errno.ETIMEDOUT,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.ENOTCONN,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EREMOTEIO,
    }
)
"""What the system says where a drive is away for a moment. No permission, say, is not among them."""

FROM_NETCDF = ("NetCDF: HDF error", "NetCDF: I/O failure")
"""What the netCDF library says then; it keeps the system's own number to itself."""


def patiently(read: Callable[[], T], close: Callable[[], None]) -> T:
    """What `read` gives, tried again where the system says what may pass; `close` before that drops open files.

    Raises what the last try raises, or at once what will not pass: a file that is damaged, say.
    """
    for wait in WAITS_SECONDS:
        try:
            return read()
        except (OSError, RuntimeError, DataError) as error:
            if not may_pass(error):
                raise
            logging.getLogger("stq").warning("can't be read, trying again in %g s: %s", wait, error)
        with suppress(OSError, RuntimeError):  # it may fail for the same reason
            close()
        time.sleep(wait)
    return read()


def may_pass(error: BaseException) -> bool:
    """Whether it, or what it was raised from, is the kind that passes."""
    return any(
        (isinstance(cause, OSError) and cause.errno in PASSING) or any(words in str(cause) for words in FROM_NETCDF)
        for cause in causes(error)
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__

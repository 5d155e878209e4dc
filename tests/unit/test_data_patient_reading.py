"""What can't be read for a moment is read again, what won't pass is raised at once."""

import errno
import os

import pytest

from stq.data import _patient_reading
from stq.data._patient_reading import WAITS_SECONDS, may_pass, patiently
from stq.errors import DataError


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patient_reading, "WAITS_SECONDS", (0.0,) * len(WAITS_SECONDS))


class Drive:
    """Fails so many times, then reads."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.read_times = self.closed = 0

    def read(self) -> str:
        self.read_times += 1
        if self.read_times <= self.failures:
            raise self.error
        return "fields"

    def close(self) -> None:
        self.closed += 1
        raise OSError(errno.ESTALE, "so is closing")


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def explained(cause: Exception) -> DataError:
    error = DataError("a.nc: variable 'air' can't be read")
    error.__cause__ = cause
    return error


PASSES = [
    os_error(errno.EIO),
    os_error(errno.ESTALE),
    os_error(errno.ENOENT),
    explained(os_error(errno.ETIMEDOUT)),
    explained(RuntimeError("NetCDF: HDF error")),
]
STAYS = [os_error(errno.EACCES), os_error(errno.ENOSPC), explained(ValueError("no such chunk")), RuntimeError("a bug")]


@pytest.mark.parametrize("error", PASSES, ids=repr)
def test_what_may_pass_is_read_again(error: Exception) -> None:
    drive = Drive(len(WAITS_SECONDS), error)
    assert patiently(drive.read, drive.close) == "fields"
    assert drive.closed == len(WAITS_SECONDS)


@pytest.mark.parametrize("error", STAYS, ids=repr)
def test_what_stays_is_raised_at_once(error: Exception) -> None:
    drive = Drive(1, error)
    assert not may_pass(error)
    with pytest.raises(type(error)) as raised:
        patiently(drive.read, drive.close)
    assert raised.value is error
    assert drive.read_times == 1


def test_a_drive_that_stays_away_is_given_up() -> None:
    drive = Drive(99, os_error(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        patiently(drive.read, drive.close)
    assert drive.read_times == len(WAITS_SECONDS) + 1

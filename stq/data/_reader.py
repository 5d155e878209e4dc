"""What reads one kind of file."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import ClassVar

import xarray as xr

Opened = xr.Dataset | xr.DataArray


@dataclass(frozen=True)
class Reader(ABC):
    """Opens the files whose names end in one of `suffixes`; of two that fit, the longer ending counts.

    A reader holds no open file, so that it can be sent to a worker process; a subclass with settings is a frozen
    dataclass too. What it opens has time, rows and columns in any order and under any name that CF attributes, or
    `data.dims`, explain.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """Endings of file names, lower case, with their dot."""
    one_frame: ClassVar[bool] = False
    """Whether each file is one step in time, whose date stands outside of it."""

    @abstractmethod
    def open(self, address: str) -> AbstractContextManager[xr.Dataset]:
        """The file as a dataset that reads what is indexed and no more; closed at the end.

        CF conventions are decoded: dates are dates, missing values NaN, packed integers numbers in units. No dask:
        a forked DataLoader worker hangs for good once dask has read in the parent.

        Raises:
            DataError: the file is missing, is of another kind, or is damaged; the message begins with `address`.
        """


def absent(address: str) -> FileNotFoundError:
    """What to raise a DataError from where there is nothing at `address`: at a later reading that may pass."""
    return FileNotFoundError(errno.ENOENT, "no such file", address)


@contextmanager
def closed_at_the_end(opened: Opened) -> Iterator[None]:
    """Close at the end of the block, but not where the garbage collector ends it.

    That may be while this very thread holds the lock of xarray's file handles, for which closing would wait for good;
    xarray closes such handles by itself as soon as nobody holds it.
    """
    try:
        yield
    except GeneratorExit:
        raise
    except BaseException:
        opened.close()
        raise
    opened.close()

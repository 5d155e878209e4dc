"""Raw binary frames as a plugin of stq."""

from typing import TYPE_CHECKING

from stq import hookimpl

if TYPE_CHECKING:
    from stq.data import Reader

__all__ = ["stq_readers"]

stq_api = 1
"""The version of stq's plugin API that this was written for."""


@hookimpl
def stq_readers() -> "list[type[Reader]]":
    """The hook by which stq finds the reader."""
    from stq_rawframes._raw_reader import RawReader

    return [RawReader]

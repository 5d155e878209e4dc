"""An error inside a loss is told as that loss's, whoever wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager

from stq.errors import PluginError, StqError


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Raises PluginError with the loss's name for whatever goes wrong inside, but for what stq itself says."""
    try:
        yield
    except StqError:
        raise
    except Exception as error:
        raise PluginError(f"the loss {name!r} failed: {type(error).__name__}: {error}") from error

"""What one process finds alone is told to the others; what all have decided needs no telling."""

import pytest
import torch.distributed as dist

from stq.errors import AnomalyError, DataError, Elsewhere, NonFiniteError, Stopped
from stq.training._last_words import LastWords


def left(error: Exception) -> tuple[BaseException, str]:
    """How process 1 leaves, and what stands in the store then."""
    words = LastWords(1)
    words.store = dist.HashStore()
    found = words.leave(error)
    return found, words.store.get("stq/last words").decode() if words.store.check(["stq/last words"]) else ""


@pytest.mark.parametrize("error", [AnomalyError("a NaN in SqrtBackward"), DataError("no such file"), ValueError("odd")])
def test_an_error_of_one_process_is_written_down(error: Exception) -> None:
    found, note = left(error)
    assert found is error
    assert str(error) in note


@pytest.mark.parametrize("error", [NonFiniteError("a NaN"), Stopped(15, "stopped")])
def test_what_all_have_decided_is_said_by_the_first_alone(error: Exception) -> None:
    found, note = left(error)
    assert isinstance(found, Elsewhere)
    assert note == ""

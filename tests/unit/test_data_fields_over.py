"""Fields made of other fields close the files of those."""

from collections.abc import Callable

import numpy as np
import pytest

from stq.data._even_steps import SparseFields
from stq.data._field_store import FieldsInMemory, FieldsOver, FieldStore
from stq.data._rows_kept import RowsKept
from stq.data._units import ConvertedFields


class Opened(FieldsOver):
    """Fields that know whether they were closed."""

    closed = False

    def read(self, steps, tile, variables=slice(None)):
        return self._fields.read(steps, tile, variables)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    "over",
    [RowsKept, lambda f: ConvertedFields(f, (None,)), lambda f: SparseFields(f, np.arange(3))],
    ids=["rows kept", "converted", "sparse"],
)
def test_files_underneath_are_closed(over: Callable[[FieldStore], FieldStore]) -> None:
    fields = Opened(FieldsInMemory(np.zeros((3, 1, 4, 5), dtype=np.float32)))
    made = over(fields)
    assert made.shape == (3, 1, 4, 5)
    made.close()
    assert fields.closed

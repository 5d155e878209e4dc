"""While tests run, a wrong shape or type of an array is an error; see tests/support/shape_checker.py."""

import pytest
import torch
from jaxtyping import TypeCheckError
from support.shape_checker import names_array

from stq.calibration import ConformalCalibration
from stq.losses import masked_mean
from stq.tensors import Forecast


def test_an_array_of_another_shape_or_type_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        masked_mean(torch.ones(3), torch.ones(4, dtype=torch.bool))
    with pytest.raises(TypeCheckError):
        masked_mean(torch.ones(3), torch.ones(3))


def test_whatever_names_an_array_is_found() -> None:
    assert names_array(Forecast.__annotations__["central"])
    assert names_array(Forecast.__annotations__["quantiles"])
    assert names_array(dict[str, Forecast.__annotations__["central"]])
    assert names_array("Float[Tensor, 'B C']")
    assert not names_array(dict[str, int | None])
    assert not names_array(ConformalCalibration)

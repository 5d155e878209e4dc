"""From the options of a spec to a loss, strictly."""

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
import torch
from pydantic import Field
from support.loss_batches import ready

from stq.errors import PluginError, SpecError
from stq.losses import MSE, SSIM, Histogram, Laplacian, Loss, OptionInfo, build_loss, loss_options, stq_losses


class Kind(StrEnum):
    SOFT = "soft"


class Rich(Loss):
    """A loss with an option of every sort that a spec can hold."""

    name = "rich"
    updates = ("central",)

    def __init__(
        self,
        delta: float,
        scales: tuple[int, ...] = (1, 2),
        norm: Literal["l1", "l2"] = "l1",
        limit: float | None = None,
        kind: Kind = Kind.SOFT,
        mask: Path | None = None,
        schema: Annotated[bool, Field(description="a name that pydantic keeps for itself")] = False,
    ) -> None:
        super().__init__()
        self.given = (delta, scales, norm, limit, kind, mask, schema)


def test_options_reach_the_constructor_in_its_types():
    options = {"delta": 1, "scales": [4, 2], "norm": "l2", "limit": 0.5, "kind": "soft", "mask": "m.nc", "schema": True}
    assert build_loss(Rich, options).given == (1.0, (4, 2), "l2", 0.5, Kind.SOFT, Path("m.nc"), True)
    assert build_loss(Rich, {"delta": math.inf}).given == (math.inf, (1, 2), "l1", None, Kind.SOFT, None, False)
    assert build_loss(Histogram, {"bins": 8}).bins == 8


def test_an_option_that_is_left_out_has_the_value_of_the_reference_recipe():
    assert (SSIM().window, Laplacian().levels, Histogram().bins) == (11, 3, 32)


def test_pinball_alone_of_the_built_in_losses_needs_quantiles():
    assert {loss.name: loss.needs_quantiles for loss in stq_losses()} == {
        "mse": False,
        "ssim": False,
        "laplacian": False,
        "histogram": False,
        "pinball": True,
    }
    assert not Rich.needs_quantiles


@pytest.mark.parametrize("loss", stq_losses(), ids=lambda loss: loss.name)
def test_what_a_loss_knows_of_the_training_data_is_not_among_the_weights(loss):
    assert not ready(loss).state_dict()


@pytest.mark.parametrize(
    ("options", "path", "words"),
    [
        ({"windw": 7}, ("windw",), "has no option 'windw'(.|\n)*did you mean 'window'"),
        ({"sigma": 7}, ("sigma",), "has no option 'sigma'(.|\n)*its options are window"),
        ({"window": "7"}, ("window",), "valid integer, found '7'"),
        ({"window": 7.0}, ("window",), "valid integer, found 7.0"),
        ({"window": True}, ("window",), "valid integer, found True"),
        ({"window": None}, ("window",), "valid integer, found None"),
        ({"window": 1}, ("window",), "greater than or equal to 3, found 1"),
        ({"window": 6}, ("window",), "odd"),
    ],
)
def test_a_wrong_option_is_refused_where_it_stands(options, path, words):
    with pytest.raises(SpecError, match=words) as refused:
        build_loss(SSIM, options)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_all_wrong_options_come_at_once_with_paths_into_lists():
    with pytest.raises(SpecError) as refused:
        build_loss(Rich, {"scales": [1, "2"], "norm": "l3", "detla": 1})
    assert {problem.path for problem in refused.value.problems} == {(), ("scales", 1), ("norm",), ("detla",)}
    assert "needs the option 'delta'" in str(refused.value)


def test_a_loss_without_options_says_so():
    with pytest.raises(SpecError, match=r"(?s)the loss mse has no option 'bins'.*it has no options"):
        build_loss(MSE, {"bins": 3})


def test_a_value_that_the_constructor_refuses_is_the_specs_mistake():
    class Picky(MSE):
        """A squared error."""

        def __init__(self, power: float = 2.0) -> None:
            super().__init__()
            if power < 1:
                raise ValueError("power must be at least 1")

    with pytest.raises(SpecError, match="mse: power must be at least 1"):
        build_loss(Picky, {"power": 0.5})


def test_a_constructor_that_fails_is_the_plugins_mistake():
    class Fails(MSE):
        """A squared error."""

        def __init__(self) -> None:
            raise KeyError("no such file")

    class Forgetful(MSE):
        """A squared error."""

        def __init__(self) -> None:
            self.factor = 2.0

    for cls, words in ((Fails, "KeyError"), (Forgetful, "can't be built")):
        with pytest.raises(PluginError, match=words):
            build_loss(cls, {})


def test_a_loss_with_trainable_parameters_is_refused_by_their_names():
    class Learnt(MSE):
        """A squared error with a factor."""

        def __init__(self) -> None:
            super().__init__()
            self.factor = torch.nn.Parameter(torch.ones(1))

    class Frozen(Learnt):
        """A squared error with a factor that stays."""

        def __init__(self) -> None:
            super().__init__()
            self.requires_grad_(False)

    with pytest.raises(PluginError, match=r"trainable parameters \(factor\)"):
        build_loss(Learnt, {})
    build_loss(Frozen, {})


def test_options_are_described_as_their_author_wrote_them():
    assert loss_options(MSE) == {}
    described = loss_options(Rich)
    assert described["delta"] == OptionInfo("float", None, True, "")
    assert described["scales"].type == "tuple[int, ...]"
    assert described["norm"].type == "Literal['l1', 'l2']"
    assert described["limit"].type == "float | None"
    assert described["schema"] == OptionInfo("bool", False, False, "a name that pydantic keeps for itself")


def test_a_constructor_whose_arguments_cannot_be_options_is_refused():
    def loss_with(constructor):
        return type("Odd", (MSE,), {"__init__": constructor, "__doc__": "x"})

    for constructor, words in (
        (lambda self, *scales: None, r"takes \*scales"),
        (lambda self, **options: None, r"takes \*\*options"),
        (lambda self, weight=1.0: None, "an option 'weight'"),
    ):
        with pytest.raises(PluginError, match=words):
            loss_options(loss_with(constructor))

    def unresolved(self, size: "Missing" = 1) -> None:  # the fault under test
        """Refers to a type that is nowhere."""

    with pytest.raises(PluginError, match="can't be resolved"):
        loss_options(loss_with(unresolved))

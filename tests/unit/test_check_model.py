"""The kit for models finds each fault, by the question that is meant to find it."""

import pytest
import torch
from torch import nn

from stq.models import ConvLSTMForecaster, HeadedForecaster, ModelContext
from stq.testing import check_model


class Sound(HeadedForecaster):
    """A convolution of the mean over the history."""

    name = "sound"

    def __init__(self, context: ModelContext, dropout: float = 0.2) -> None:
        super().__init__(context)
        self.mix = nn.Conv2d(context.channels, 4, 3, padding=1)
        self.drop = nn.Dropout2d(dropout)
        self.add_heads(4)

    def features(self, inputs):
        return self.drop(self.mix(inputs.mean(1)).tanh())


class WrongSize(Sound):
    """Loses the border."""

    def features(self, inputs):
        return super().features(inputs)[..., 1:-1, 1:-1]


class OddSizes(Sound):
    """Knows sides that 2 divides."""

    def features(self, inputs):
        maps = torch.nn.functional.avg_pool2d(super().features(inputs), 2)
        return torch.nn.functional.interpolate(maps, scale_factor=2)


class Ungrouped(Sound):
    """Forgets its backbone."""

    def groups(self):
        return {**super().groups(), "backbone": ("mixx.*",)}


class Unseeded(Sound):
    """Draws weights from the clock, as it were."""

    drawn = 0

    def __init__(self, context: ModelContext) -> None:
        super().__init__(context)
        type(self).drawn += 1
        nn.init.constant_(self.mix.weight, 0.01 * type(self).drawn)


class Coupled(Sound):
    """Draws more where there are quantiles."""

    def features(self, inputs):
        if self.context.levels:
            torch.rand(1)
        return super().features(inputs)


class Starved(Sound):
    """Has a parameter that nothing reads."""

    def __init__(self, context: ModelContext) -> None:
        super().__init__(context)
        self.idle = nn.Parameter(torch.ones(3))


class Batched(Sound):
    """Normalises over the batch."""

    def __init__(self, context: ModelContext) -> None:
        super().__init__(context)
        self.norm = nn.BatchNorm2d(context.channels)

    def features(self, inputs):
        return super().features(self.norm(inputs.flatten(0, 1)).view_as(inputs))


FAULTS = {
    WrongSize: "shapes",
    OddSizes: "shapes",
    Ungrouped: "groups",
    Unseeded: "weights from the seed",
    Coupled: "central stands alone",
    Starved: "every parameter learns",
    Batched: "samples apart",
}


@pytest.mark.parametrize(("faulty", "question"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_each_fault_is_caught_by_its_question(faulty, question):
    report = check_model(faulty)
    failed = {result.name: result.message for result in report.failures}
    assert failed.get(question)


@pytest.mark.parametrize("sound", [Sound, ConvLSTMForecaster])
def test_a_sound_model_has_every_property(sound):
    check_model(sound).raise_for_failures()


def test_a_constructor_that_fails_and_heads_that_were_never_built_are_failures_of_the_declaration():
    class Headless(Sound):
        """Never calls add_heads."""

        def add_heads(self, features, kernel=3):
            self.central_heads = self.lower_heads = self.median_heads = self.upper_heads = nn.ModuleList()
            self.location_encoder = None

    [result] = check_model(Headless).properties
    assert (result.name, result.passed) == ("declaration", False)
    assert "no parameters in central, quantiles" in result.message
    [result] = check_model(Sound, {"dorpout": 0.1}).properties
    assert "no option 'dorpout'" in result.message

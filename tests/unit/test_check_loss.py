"""The kit finds each fault, by the question that is meant to find it."""

import pytest
import torch
from support.faulty_losses import FAULTS, Detached, HardHistogram, Trainable, WrongTag

from stq.errors import CheckFailed
from stq.losses import MSE, Laplacian, Loss, Pinball
from stq.testing import check_loss


@pytest.mark.parametrize(("faulty", "question"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_each_fault_is_caught_by_its_question(faulty, question):
    report = check_loss(faulty)
    assert question in [result.name for result in report.failures]
    assert all(result.message for result in report.failures)


def test_a_hard_histogram_is_said_to_have_no_gradient():
    with pytest.raises(CheckFailed, match=r"hard-histogram(.|\n)*has no gradient(.|\n)*dead group|no gradient"):
        check_loss(HardHistogram).raise_for_failures()


def test_a_dead_loss_and_a_wrong_tag_name_the_group_and_the_tensor():
    dead = {result.name: result.message for result in check_loss(Detached).failures}
    stray = {result.name: result.message for result in check_loss(WrongTag).failures}
    assert "backbone, central" in dead["no dead group"]
    assert "forecast.central" in stray["no stray gradient"]
    assert "quantiles" in stray["no dead group"]


def test_what_a_loss_raises_counts_against_it_and_does_not_escape():
    class Raises(MSE):
        """A squared error that fails."""

        def forward(self, forecast, target):
            raise KeyError("nothing here")

    report = check_loss(Raises)
    assert not report.passed
    assert "KeyError" in report.failures[0].message


def test_an_instance_is_checked_with_its_options_and_left_as_it_was():
    class Scaled(MSE):
        """A squared error times a factor that has no default."""

        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def setup(self, context):
            self.seen = context

        def forward(self, forecast, target):
            return self.factor * super().forward(forecast, target)

    loss = Scaled(3.0)
    check_loss(loss).raise_for_failures()
    assert not hasattr(loss, "seen")
    assert "needs the option 'factor'" in check_loss(Scaled).failures[0].message
    assert "trainable parameters" in check_loss(Trainable()).failures[0].message


def test_a_loss_without_a_name_is_told_so():
    assert "needs a name" in check_loss(type("Nameless", (Loss,), {"__doc__": "x"})).failures[0].message


def test_checking_leaves_the_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    check_loss(Laplacian)
    check_loss(Pinball)
    assert torch.equal(torch.rand(4), expected)


def test_a_sound_loss_passes_every_question():
    report = check_loss(MSE)
    assert report.passed
    assert len(report.properties) == 10
    report.raise_for_failures()

"""What training shows while it runs."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.reported import READY
from support.tiny_runs import tiny_spec

from stq.app._assembly import assemble
from stq.report import TrainingDisplay, TrainingLines
from stq.report._numbers import duration
from stq.report._pace import Pace
from stq.training import EpochEnded, Started, Stepped, fit


def epoch(number: int, *, best: bool) -> EpochEnded:
    """An epoch of six steps."""
    losses = {"mse": 1.06, "pinball": 0.2}
    rates = {"backbone": 0.002, "quantiles": 0.004}
    return EpochEnded(number, 6 * (number + 1), 1.25, rates, {}, losses, losses, 0.9, "val_central", 0.9, best)


class Clock:
    """Seconds, which pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(view_type: type, *, terminal: bool, **options: bool) -> tuple[object, str]:
    """A view after a resumed run of two epochs, which took 12 and 20 seconds, and all it wrote."""
    stream, clock = StringIO(), Clock()
    console = Console(file=stream, width=80, force_terminal=terminal, color_system=None, markup=False)
    view = view_type(console, clock=clock, **options)
    with view:
        view.ready(READY)
        view.started(Started(20, batches_per_epoch=6, steps_per_epoch=6, first_epoch=8, device="cpu", first_step=48))
        clock.now += 4
        view.stepped(Stepped(8, 50, {"mse": 2.0}))
        clock.now += 8
        view.epoch_ended(epoch(8, best=True))
        clock.now += 20
        view.epoch_ended(epoch(9, best=False))
    return view, stream.getvalue()


def test_lines_have_one_line_an_epoch_with_a_star_on_the_best() -> None:
    _, text = watched(TrainingLines, terminal=False)
    assert "training on cpu: at most 20 epochs of 6 batches, going on after epoch 8; * is the best so far" in text
    assert text.splitlines()[-2:] == [
        "epoch  9/20  step    54  mse 1.060  pinball 0.2000  val_central 0.9000  lr 0.002  1.2 s  0.500 steps/s"
        "  2m 12s left at most *",
        "epoch 10/20  step    60  mse 1.060  pinball 0.2000  val_central 0.9000  lr 0.002  1.2 s  0.375 steps/s"
        "  2m 40s left at most",
    ]


def test_a_step_has_a_line_where_it_is_asked_for_and_after_half_a_minute_without_one() -> None:
    _, loud = watched(TrainingLines, terminal=False, every_step=True)
    assert "  epoch 9/20  33 %  step    50  mse 2.000  0.500 steps/s  2m 20s left at most\n" in loud
    assert "step    50" not in watched(TrainingLines, terminal=False)[1]
    stream, clock = StringIO(), Clock()
    lines = TrainingLines(Console(file=stream, width=80), clock=clock)
    lines.started(Started(epochs=2, batches_per_epoch=100, steps_per_epoch=100, first_epoch=0, device="cpu"))
    for step in range(1, 9):
        clock.now += 12
        lines.stepped(Stepped(0, step, {"mse": 2.0}))
    assert [line.split()[5] for line in stream.getvalue().splitlines()[1:]] == ["3", "6"]


def test_what_is_left_ends_with_the_budget_of_steps_and_follows_a_machine_that_slows_down() -> None:
    clock = Clock()
    pace = Pace(Started(100, 10, 10, first_epoch=0, device="cpu", most_steps=55), clock)
    assert pace.left() is None
    for number in range(5):
        clock.now += 10
        pace.epoch_ended(number, 10 * number + 10)
    assert pace.left() == pytest.approx(5)
    pace = Pace(Started(100, 10, 10, first_epoch=0, device="cpu"), clock)
    for number in range(50):
        clock.now += 10 if number < 40 else 20
        pace.epoch_ended(number, 10 * number + 10)
    assert pace.left() == pytest.approx(50 * 20)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (125, "2m 05s"),
        (3599.9, "1h 00m"),
        (11_230, "3h 07m"),
        (190_800, "2d 05h"),
    ],
)
def test_a_time_is_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_an_observer_that_wants_to_hear_every_so_often_hears_of_steps_between(source: Path) -> None:
    class Heard:
        def __init__(self, every_seconds: float) -> None:
            self.every_seconds = every_seconds
            self.steps: list[int] = []
            self.budget: tuple[int, int | None] = (0, None)

        def started(self, event: Started) -> None:
            self.budget = event.epochs, event.most_steps

        def stepped(self, event: Stepped) -> None:
            self.steps.append(event.step)

        def epoch_ended(self, event: EpochEnded) -> None: ...

    loaded = tiny_spec(source, ["trainer.log_every_n_steps=4", "trainer.max_steps=6"])
    often, seldom = Heard(0.0), Heard(1e9)
    experiment = assemble(loaded)
    fit(experiment.module, experiment.loaders, loaded.spec.trainer, checkpoints=None, observers=(often, seldom))
    assert often.steps == [1, 2, 3, 4, 5, 6]
    assert seldom.steps == [4]
    assert seldom.budget == (2, 6)


def test_the_display_shows_progress_losses_and_the_best_epoch_within_80_columns() -> None:
    view, text = watched(TrainingDisplay, terminal=True)
    stream = StringIO()
    Console(file=stream, width=80, color_system=None).print(view)
    block = stream.getvalue()
    assert "epoch 11/20" in block
    assert "32s passed  0.375 steps/s  2m 40s left at most" in block
    assert "epoch 10, step 60: val_central 0.9000" in block
    assert "best 0.9000 * at epoch 9" in block
    assert "mse      1.060       1.060\npinball  0.200       0.200" in block
    assert max(map(len, block.splitlines())) <= 80
    assert text.endswith("\x1b[?25h")  # the cursor is given back


def test_the_bar_moves_within_an_epoch_and_starts_where_a_resumed_run_goes_on() -> None:
    view = TrainingDisplay(Console(file=StringIO(), force_terminal=True, color_system=None))
    with view:
        view.started(Started(epochs=10, batches_per_epoch=8, steps_per_epoch=4, first_epoch=2, device="cpu"))
        assert view.pace.epochs == 2
        view.stepped(Stepped(2, 10, {"mse": 1.0}))
        assert view.pace.epochs == 2.5
        view.epoch_ended(epoch(2, best=True))
        assert view.pace.epochs == 3


def test_the_display_gives_the_terminal_back_after_an_error() -> None:
    stream = StringIO()
    view = TrainingDisplay(Console(file=stream, width=80, force_terminal=True, color_system=None))
    try:
        with view:
            view.started(Started(epochs=1, batches_per_epoch=1, steps_per_epoch=1, first_epoch=0, device="cpu"))
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert stream.getvalue().endswith("\x1b[?25h")
    assert not view.live.is_started

"""What training shows while it runs."""

from io import StringIO

from rich.console import Console
from support.reported import READY

from stq.report import TrainingDisplay, TrainingLines
from stq.training import EpochEnded, Started, Stepped


def epoch(number: int, *, best: bool) -> EpochEnded:
    """An epoch of six steps."""
    losses = {"mse": 1.06, "pinball": 0.2}
    rates = {"backbone": 0.002, "quantiles": 0.004}
    return EpochEnded(number, 6 * (number + 1), 1.25, rates, {}, losses, losses, 0.9, "val_central", 0.9, best)


def watched(view_type: type, *, terminal: bool) -> tuple[object, str]:
    """A view after a resumed run of two epochs, and all it wrote."""
    stream = StringIO()
    view = view_type(Console(file=stream, width=80, force_terminal=terminal, color_system=None, markup=False))
    with view:
        view.ready(READY)
        view.started(Started(epochs=20, batches_per_epoch=6, steps_per_epoch=6, first_epoch=8, device="cpu"))
        view.stepped(Stepped(8, 50, {"mse": 2.0}))
        view.epoch_ended(epoch(8, best=True))
        view.epoch_ended(epoch(9, best=False))
    return view, stream.getvalue()


def test_lines_have_one_line_an_epoch_with_a_star_on_the_best() -> None:
    _, text = watched(TrainingLines, terminal=False)
    assert "training on cpu: at most 20 epochs of 6 batches, going on after epoch 8" in text
    assert text.splitlines()[-2:] == [
        "epoch  9/20  step    54  mse 1.060  pinball 0.2000  val_central 0.9000  lr 0.002  1.2 s *",
        "epoch 10/20  step    60  mse 1.060  pinball 0.2000  val_central 0.9000  lr 0.002  1.2 s",
    ]


def test_the_display_shows_progress_losses_and_the_best_epoch_within_80_columns() -> None:
    view, text = watched(TrainingDisplay, terminal=True)
    stream = StringIO()
    Console(file=stream, width=80, color_system=None).print(view)
    block = stream.getvalue()
    assert "epoch 11/20" in block
    assert "epoch 10, step 60: val_central 0.9000" in block
    assert "best 0.9000 * at epoch 9" in block
    assert "mse      1.060       1.060\npinball  0.200       0.200" in block
    assert max(map(len, block.splitlines())) <= 80
    assert text.endswith("\x1b[?25h")  # the cursor is given back


def test_the_bar_moves_within_an_epoch_and_starts_where_a_resumed_run_goes_on() -> None:
    view = TrainingDisplay(Console(file=StringIO(), force_terminal=True, color_system=None))
    with view:
        view.started(Started(epochs=10, batches_per_epoch=8, steps_per_epoch=4, first_epoch=2, device="cpu"))
        assert view.progress.tasks[0].completed == 2
        view.stepped(Stepped(2, 10, {"mse": 1.0}))
        assert view.progress.tasks[0].completed == 2.5
        view.epoch_ended(epoch(2, best=True))
        assert view.progress.tasks[0].completed == 3


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

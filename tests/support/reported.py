"""Results made up to be awkward to print, and what a reader would see of them."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

from stq.app import CheckGradsResult, CheckResult, EvaluateResult, Ready, TrainResult
from stq.app._check import LossRow
from stq.app._check_grads import GroupSize
from stq.app._evaluate import ChanceRange
from stq.metrics import Score
from stq.metrics._score import BaselineScore, Interval
from stq.routing import Audit, Cell, Conflict, Cost, ModuleNorms


def printed(renderable: RenderableType, width: int = 80, **console: object) -> str:
    """The text on a terminal of this width, or in a file."""
    stream = StringIO()
    Console(file=stream, width=width, markup=False, highlight=False, **console).print(renderable)
    return stream.getvalue()


INTERVALS = tuple(Interval(low, 1 - low, 1 - 2 * low, 0.91, 0.745, 21.5, 12.6, 40.1) for low in (0.025, 0.1, 0.25))
BASELINES = {
    name: BaselineScore(rmse=8.3, mae=6.1, skill=skill, coverage=0.9, width=30, interval_score=41, crps=4, pinball={})
    for name, skill in {
        "persistence": 0.218,
        "climatology": -0.074,
        "damped_persistence": 0.051,
        "seasonal_naive": 0.33,
        "linear": -0.008,
    }.items()
}
SCORE = Score(
    variable="ozone [total]",
    horizon=1,
    units="DU",
    n=2880,
    frames=5,
    rmse=6.504,
    mae=4.64,
    bias=0.27,
    ssim=0.18,
    rmse_persistence=8.322,
    rmse_climatology=6.054,
    skill_persistence=0.218,
    skill_climatology=-0.074,
    coverage=0.91,
    coverage_raw=0.745,
    width=21.5,
    width_raw=12.6,
    interval_score=40.1,
    crps=3.36,
    pinball={"0.025": 0.39},
    crossing_rate=0.0,
    crossing_rate_raw=0.0,
    intervals=INTERVALS,
    baselines=BASELINES,
)
BARE = replace(
    SCORE,
    coverage=None,
    coverage_raw=None,
    width=None,
    width_raw=None,
    skill_persistence=None,
    baselines=BASELINES | {"persistence": replace(BASELINES["persistence"], skill=None)},
    crossing_rate=None,
    intervals=(),
)
EVALUATED = EvaluateResult(
    run=Path("runs/x"),
    split="test",
    samples=5,
    calibrated=True,
    scores=(SCORE, replace(SCORE, horizon=2, n=2700), replace(SCORE, variable="temperature", units="K", rmse=0.184)),
    chance=(ChanceRange(0.025, 0.975, 0.95, 5, 5, 0.62, 1.0),),
    notes=("9 windows left out",),
)

LOSSES = ("mse", "ssim", "laplacian", "histogram", "spectral", "pinball")
GROUPS = ("backbone", "central", "quantiles")


def audited(*, fault: str = "", losses: tuple[str, ...] = LOSSES) -> CheckGradsResult:
    """An audit; with a `fault`, pinball on the backbone has that verdict."""
    cells = tuple(Cell(loss, group, 0.0123, 0.0123, 1.0, "ok") for loss in losses[:-1] for group in GROUPS)
    cells += (
        Cell("pinball", "backbone", 0.31, 0.31 if fault else 0.0, 0.0, fault or "blocked"),
        Cell("pinball", "central", 0.0, 0.0, 0.0, "none"),
        Cell("pinball", "quantiles", 0.02, 0.02, 1.0, "ok"),
    )
    norms = dict.fromkeys(losses, 0.000123)
    audit = Audit(
        cells=cells,
        modules=tuple(ModuleNorms(f"{group}.0.hidden.0", group, norms, 0.1) for group in GROUPS),
        conflicts=(Conflict("backbone", ("mse", "pinball"), -0.12),),
        reference="save-restore",
        reference_difference=0.0,
        sum_difference=8e-7,
        passes=2,
        cost=Cost(0.0097, 0.01),
    )
    sizes = dict.fromkeys(GROUPS, GroupSize(6, 30568, frozen=False))
    return CheckGradsResult("x", "pruned", "train", sizes, dict.fromkeys(losses, 1.0), audit)


CHECKED = CheckResult(
    name="x",
    variables=("ozone [total]",),
    units=("DU",),
    channels=tuple(f"channel {number}" for number in range(12)),
    size=(24, 24),
    horizons=(1, 2, 3, 4),
    windows={"train": 41, "val": 5},
    losses=(LossRow("mse", "mse", 1.0, {"backbone": 1.0, "central": 0.5}, "stq"),),
    elements={"backbone": 30568},
    engine="pruned",
    passes=2,
    initial=None,
    notes=("9 windows left out", "a static map changes in time"),
)
READY = Ready(Path("runs/x"), CHECKED, audited())
TRAINED = TrainResult(
    Path("runs/a run"), "completed", 2, 12, 0.9, None, True, True, audited(), ("train", "val", "test"), ()
)

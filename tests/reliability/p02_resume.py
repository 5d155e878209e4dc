"""A run that was interrupted, however often and wherever, ends as the one that was not: bit for bit."""

import random
import signal
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from reliability.promise import Promise, Tally
from support.interrupted_runs import STEPS, TinyRun, differences, fifteen_steps, state_of
from support.tiny_runs import tiny_source

from stq.app import RunFolder

WORKERS = (0, 2)
EPOCHS = 8
"""At least so many has a run that is killed over and over; of 5 steps each."""
START_SECONDS = 0.6
"""Roughly what a process takes before its first step."""


def resume_points(count: int, folder: Path) -> Tally:
    """Stop after each step, and after each two, of a run of 15; each with and without workers."""
    points = list(stops())
    random.Random(18).shuffle(points)
    spec = fifteen_steps(tiny_source(folder))
    whole = TinyRun(spec, RunFolder(folder / "whole"))
    whole.child(resume=False, told=folder / "whole.txt").wait()
    broken = []
    for number, (steps, workers) in enumerate(points[:count]):
        run = TinyRun(spec, RunFolder(folder / str(number)))
        where = f"stopped after {' and '.join(map(str, steps))}, {workers} workers"
        for leg, stop in enumerate((*steps, None)):
            child = run.child(resume=leg > 0, stop=stop, workers=workers, told=folder / f"{number}.txt")
            if (code := child.wait()) != (0 if stop is None else 128 + signal.SIGTERM):
                broken.append(f"{where}: leg {leg} left with {code}: {child.text()[-300:]}")
                break
        else:
            if found := differences(state_of(run.folder), state_of(whole.folder)):
                broken.append(f"{where}: another {', '.join(found[:3])}")
    singles = sum(len(steps) == 1 for steps, _ in points[:count])
    return Tally(min(count, len(points)), tuple(broken), f"{singles} of them stopped once, the others twice")


def stops() -> Iterator[tuple[tuple[int, ...], int]]:
    """Every single and double resume point, and the number of workers."""
    for workers in WORKERS:
        for times in (1, 2):
            for steps in combinations(range(1, STEPS + 1), times):
                yield steps, workers


def chain_of_kills(count: int, folder: Path) -> Tally:
    """Kill one run `count` times, each time at a random instant of its next few epochs, and let it end."""
    chance = random.Random(60)
    epochs = max(EPOCHS, 3 * count)  # a kill may come some epochs after the last one
    spec = fifteen_steps(tiny_source(folder), [f"trainer.max_epochs={epochs}"])
    whole = TinyRun(spec, RunFolder(folder / "whole"))
    begun = time.monotonic()
    whole.child(resume=False, told=folder / "whole.txt").wait(600)
    an_epoch = (time.monotonic() - begun) / epochs
    run = TinyRun(spec, RunFolder(folder / "run"))
    kills, code = 0, None
    while code != 0:
        workers = chance.choice(WORKERS)
        child = run.child(resume=run.begun, workers=workers, told=folder / "told.txt")
        if kills < count:
            time.sleep(chance.uniform(0.0, START_SECONDS + 3 * an_epoch))
            child.send(signal.SIGKILL)
        code = child.wait(600)
        kills += code == 128 + signal.SIGKILL
        if code not in (0, 128 + signal.SIGKILL):
            return Tally(kills, (f"after {kills} kills it left with {code}: {child.text()[-300:]}",))
    found = differences(state_of(run.folder), state_of(whole.folder))
    broken = [f"after {kills} kills: another {', '.join(found[:3])}"] if found else []
    if kills < count:
        broken.append(f"the run was at its end after {kills} kills of {count}")
    return Tally(kills, tuple(broken), f"in one run of {STEPS // 3 * epochs} steps")


PROMISES = (
    Promise(
        "resume-points",
        f"Stopped after any step, or any two steps, of a run of {STEPS}, without workers and with two, and gone on "
        "with: the same bits of weights, optimiser, schedule, averages and callbacks, and the same `metrics.csv` "
        "(shuffled order, dropout, inputs augmented at random, two batches to a step, a plateau)",
        resume_points,
        full=240,
        short=1,
    ),
    Promise(
        "resume-kills",
        "SIGKILL at random instants, over and over, the number of workers changing in between: the run goes on from "
        "its last checkpoint and ends with the same bits",
        chain_of_kills,
        full=60,
        short=1,
    ),
)

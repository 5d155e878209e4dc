"""NaN and infinity, planted where they come from in life: training stops before the update, or leaves it out."""

import os
import re
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, nan
from pathlib import Path

import torch
from reliability.promise import Promise, Tally
from support.checkpoints import best_state, last_state
from support.forked import Child
from support.tiny_runs import tiny_source, tiny_spec
from torch import Tensor

from stq.app import RunFolder, resume, train
from stq.tensors import Batch
from stq.training import ForecastModule

FAST = ["data.batch_size=11", "trainer.max_epochs=2", "model.heads.hidden=null", "model.hidden=[2]"]
EPOCH = 3
"""Steps of an epoch; the second one is where things go wrong, so that there is a checkpoint to lose."""
DATE = re.compile(r"issued at \d{4}-\d\d-\d\d")
Act = Callable[[ForecastModule, Batch], Batch]


@dataclass(frozen=True)
class Place:
    """Where something turns up that is not finite, and the words that a person then has to read."""

    what: str
    act: Act
    words: tuple[str, ...]
    step: int = EPOCH + 1
    overrides: tuple[str, ...] = ()
    ranks: tuple[int, ...] = (0,)


def in_loss(name: str, spoil: Callable[[Tensor], Tensor]) -> Act:
    """The loss of this batch alone is made something else."""

    def act(module: ForecastModule, batch: Batch) -> Batch:
        former, plain = module.loss_values, type(module).loss_values

        def once(forecast: object, seen: Batch) -> dict[str, Tensor]:
            found = former(forecast, seen)
            module.loss_values = partial(plain, module)
            return {**found, name: spoil(found[name])}

        module.loss_values = once
        return batch

    return act


def always_in_loss(name: str, spoil: Callable[[Tensor], Tensor]) -> Act:
    """The loss is made something else from now on, in training."""

    def act(module: ForecastModule, batch: Batch) -> Batch:
        former = partial(type(module).loss_values, module)

        def spoilt(forecast: object, seen: Batch) -> dict[str, Tensor]:
            found = former(forecast, seen)
            return {**found, name: spoil(found[name])} if module.training else found

        module.loss_values = spoilt
        return batch

    return act


def in_gradient(group: str, value: float) -> Act:
    """A hook on a weight of a group makes its gradient something else, once."""

    def act(module: ForecastModule, batch: Batch) -> Batch:
        weight = weights(module, group)[0]

        def spoil(slope: Tensor) -> Tensor:
            handle.remove()
            return slope * value

        handle = weight.register_hook(spoil)
        return batch

    return act


def in_batch(part: str, at: tuple[object, ...], value: float) -> Act:
    """A part of the batch is something else at these places."""

    def act(module: ForecastModule, batch: Batch) -> Batch:
        spoilt = getattr(batch, part).clone()
        spoilt[at] = value
        return batch._replace(**{part: spoilt})

    return act


def under_valid(module: ForecastModule, batch: Batch) -> Batch:
    """One target that counts is NaN."""
    values = batch.values.clone()
    values[tuple(batch.valid.nonzero()[0])] = nan
    return batch._replace(values=values)


def in_update(*groups: str) -> Act:
    """The update of this step goes beyond what a number can hold."""

    def act(module: ForecastModule, batch: Batch) -> Batch:
        def overflow(*_: object) -> None:
            handle.remove()
            with torch.no_grad():
                for group in groups:
                    weights(module, group)[0].fill_(inf)

        handle = module.trainer.optimizers[0].register_step_post_hook(overflow)
        return batch

    return act


def in_optimiser(module: ForecastModule, batch: Batch) -> Batch:
    """What Adam keeps of the squares is infinite: the weight would never move again, and no loss would say so."""
    weight = weights(module, "quantiles")[0]
    module.trainer.optimizers[0].state[weight]["exp_avg_sq"].fill_(inf)
    return batch


def in_validation(module: ForecastModule, batch: Batch) -> Batch:
    """The last frame of one window of the validation part is NaN."""
    former = module.validation_step

    def spoilt(seen: Batch, batch_idx: int) -> None:
        former(in_batch("base", (0,), nan)(module, seen), batch_idx)

    module.validation_step = spoilt
    return batch


def weights(module: ForecastModule, group: str) -> list[torch.nn.Parameter]:
    """Those of a routing group."""
    (found,) = (each for each in module.router.plan.groups if each.name == group)
    return list(found.tensors())


STEP = f"step {EPOCH + 1}: "
LOSS_OF_NO_BATCH = "Weights, batch and forecast are finite: it arises in the loss itself"
PLACES = (
    Place(
        "a loss",
        in_loss("mse", lambda loss: loss * nan),
        (STEP, "the loss mse is not finite", "it updates backbone, central;", LOSS_OF_NO_BATCH),
    ),
    Place(
        "the gradient of one group",
        in_gradient("central", nan),
        (STEP, "the gradient of central is not finite", "stopped before the update"),
    ),
    Place("an input", in_batch("inputs", (0, 0, 0, 0, 0), nan), (STEP, "is not finite", "Not finite: inputs of the")),
    Place(
        "weights, by the update before",
        in_update("backbone", "central"),
        (f"step {EPOCH + 2}: ", "weights of backbone, central are not finite", "optim.lr"),
    ),
    Place(
        "what the optimiser keeps",
        in_optimiser,
        (f"step {2 * EPOCH}: ", "the weights of quantiles, or what the optimiser keeps"),
    ),
    Place(
        "a validation forecast",
        in_validation,
        (f"step {2 * EPOCH}: ", "the central forecast of the validation part is not finite"),
    ),
    Place(
        "one loss of several",
        in_loss("pinball", lambda loss: loss + inf),
        (STEP, "the loss pinball is not finite", "it updates quantiles;"),
    ),
    Place(
        "a loss that is blocked from a group",
        in_loss("laplacian", lambda loss: loss * nan),
        (STEP, "the loss laplacian is not finite", "it updates backbone, central;"),
    ),
    Place(
        "a gradient that overflows",
        in_loss("mse", lambda loss: loss * 1e30),
        (STEP, "the gradient of backbone, central is not finite"),
    ),
    Place(
        "the slope of one loss",
        always_in_loss("mse", lambda loss: loss + 0 * (loss - loss).sqrt()),
        (STEP, "the gradient of backbone, central is not finite", "It comes from the loss mse."),
    ),
    Place("a static map", in_batch("inputs", (slice(None), slice(None), -1, 2, 3), inf), (STEP, "Not finite: inputs")),
    Place("the last frame", in_batch("base", (1, 0, 0, 0), nan), (STEP, "Not finite: last frame (base) of the")),
    Place("a target that counts", under_valid, (STEP, "Not finite: targets of the")),
    Place("an area weight", in_batch("weight", (0, 0, 0), inf), (STEP, "Not finite: weight of the")),
    Place(
        "weights, by the last update of an epoch",
        in_update("quantiles"),
        (f"step {2 * EPOCH}: ", "the loss pinball of the validation part", "The weights of quantiles are not finite"),
        step=2 * EPOCH - 1,
    ),
    Place(
        "the last batch of an epoch",
        in_loss("mse", lambda loss: loss * nan),
        (f"step {2 * EPOCH - 1}: ", "the loss mse is not finite"),
        step=2 * EPOCH - 1,
    ),
    Place(
        "a batch that is accumulated",
        in_gradient("backbone", inf),
        ("step 3: ", "the gradient of backbone is not finite"),
        step=3,
        overrides=("data.batch_size=6", "trainer.accumulate_grad_batches=2"),
    ),
    Place(
        "a loss of one process of two",
        in_loss("mse", lambda loss: loss * nan),
        ("process 1, step 3: ", "the loss mse is not finite"),
        step=3,
        overrides=("data.batch_size=6", "trainer.devices=2"),
        ranks=(1,),
    ),
    Place(
        "a gradient of one process of two",
        in_gradient("central", nan),
        ("process 0, step 3: ", "process 1, step 3: ", "the gradient of central is not finite"),
        step=3,
        overrides=("data.batch_size=6", "trainer.devices=2"),
        ranks=(1,),
    ),
)


def planted(steps: Sequence[int], act: Act, keep: Path | None = None) -> None:
    """From now on in this process: `act` at the first batch of these steps, and `keep` the checkpoints of epoch 1."""
    former, left = ForecastModule.training_step, set(steps)

    def step(module: ForecastModule, batch: Batch, batch_idx: int) -> Tensor:
        if module.router.probe is None:
            number = module.global_step
            if number == EPOCH and keep is not None and not keep.exists() and module.global_rank == 0:
                shutil.copytree(keep.with_name("run") / "checkpoints", keep / "checkpoints")
            if number in left:
                left.discard(number)
                batch = act(module, batch)
        return former(module, batch, batch_idx)

    ForecastModule.training_step = step


def ended(place: Place, source: Path, folder: Path) -> str:
    """What is wrong with how a training ended with this in its way; empty where nothing is."""
    folder.mkdir()
    spec = tiny_spec(source, [*FAST, *place.overrides])

    def alone() -> None:
        planted([place.step], place.act, keep=folder / "kept")
        train(spec, run_dir=folder / "run")

    def together(rank: int, port: int) -> None:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        planted([place.step] if rank in place.ranks else [], place.act, keep=folder / "kept")
        train(spec, run_dir=folder / "run")

    if "trainer.devices=2" in place.overrides:
        port = free_port()
        children = [Child(partial(together, rank, port), folder / f"told{rank}") for rank in (0, 1)]
    else:
        children = [Child(alone, folder / "told")]
    codes = [child.wait(120) for child in children]
    said = children[0].text()
    wrong = [f"it ended with {codes}"] if set(codes) != {5} else []
    wrong += [f"{word!r} is not in its words" for word in place.words if word not in said]
    if not DATE.search(said) and "optimiser keeps" not in said:
        wrong.append("it names no date")
    if not (folder / "kept").is_dir():
        wrong.append("there was no checkpoint to keep")
    else:
        for state in (last_state, best_state):
            if state(folder / "run").read_bytes() != state(folder / "kept").read_bytes():
                wrong.append(f"{state(folder / 'run').name} is another than before")
    return f"{place.what}: {'; '.join(wrong)}; it said: {said[-800:]}" if wrong else ""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def stops(count: int, folder: Path) -> Tally:
    """Each place once, and again from the first."""
    source = tiny_source(folder)
    found = [ended(PLACES[trial % len(PLACES)], source, folder / str(trial)) for trial in range(count)]
    places = min(count, len(PLACES))
    return Tally(
        count, tuple(filter(None, found)), f"{places} places; exit code 5 and the checkpoints unchanged in all"
    )


SKIP = [*FAST, "trainer.on_nonfinite=skip"]


def skips(count: int, folder: Path) -> Tally:
    """Steps are left out of a run that is never stopped, and of one that is; both must end as if the optimiser had
    done nothing there."""
    source, broken = tiny_source(folder), []
    acts = (in_loss("mse", lambda loss: loss * nan), in_gradient("quantiles", nan), in_batch("inputs", (0,), inf))
    ways = (SKIP, [*SKIP, "data.batch_size=6", "trainer.accumulate_grad_batches=2"])
    for trial in range(count):
        place, spec = folder / f"skip{trial}", tiny_spec(source, ways[trial // len(acts) % 2])
        place.mkdir()
        left_out, act = [[1, 4], [0, 1, 2], [5]][(trial + trial // 6) % 3], acts[trial % len(acts)]
        runs = {name: place / name for name in ("wanted", "whole", "stopped")}
        codes = {
            "wanted": Child(partial(idle, left_out, spec, runs["wanted"]), place / "a").wait(),
            "whole": Child(partial(leaving_out, left_out, act, spec, runs["whole"]), place / "b").wait(),
            "stopped": Child(partial(leaving_out, left_out, act, spec, runs["stopped"], 4), place / "c").wait(),
        }
        codes["resumed"] = Child(partial(gone_on, left_out, act, spec, runs["stopped"]), place / "d").wait()
        if codes != {"wanted": 0, "whole": 0, "stopped": 128 + 15, "resumed": 0}:
            broken.append(f"trial {trial}: they ended with {codes}: {(place / 'b').read_text()[-800:]}")
            continue
        states = {name: torch.load(last_state(run), weights_only=True) for name, run in runs.items()}
        for name in ("whole", "stopped"):
            if not same(states[name]["state_dict"], states["wanted"]["state_dict"]):
                broken.append(f"trial {trial}: {name}: other weights")
            if RunFolder(runs[name]).read_json(RunFolder(runs[name]).outcome)["skipped_steps"] != len(left_out):
                broken.append(f"trial {trial}: {name}: another count")
    return Tally(
        count, tuple(broken), "each run whole, and stopped and continued; the same bits as where nothing moved"
    )


def leaving_out(steps: Sequence[int], act: Act, spec: object, run: Path, stop: int | None = None) -> None:
    """Train with what is not finite at these steps; told to stop after another."""
    planted(steps, act)
    if stop is not None:
        planted([stop - 1], terminated)
    train(spec, run_dir=run)


def gone_on(steps: Sequence[int], act: Act, spec: object, run: Path) -> None:
    """Go on, with what is not finite at these steps."""
    planted(steps, act)
    resume(spec, RunFolder(run))


def terminated(module: ForecastModule, batch: Batch) -> Batch:
    """A signal arrives."""
    os.kill(os.getpid(), 15)
    return batch


def idle(steps: Sequence[int], spec: object, run: Path) -> None:
    """Train with an optimiser that finds no gradient at these steps."""
    former = ForecastModule.configure_gradient_clipping

    def clip(module: ForecastModule, *args: object, **kwargs: object) -> None:
        former(module, *args, **kwargs)
        if module.global_step in steps:
            module.zero_grad(set_to_none=True)

    ForecastModule.configure_gradient_clipping = clip
    train(spec, run_dir=run)


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    """Bit for bit."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in theirs)


def gives_up(count: int, folder: Path) -> Tally:
    """A loss that stays NaN is not skipped for ever."""
    source, broken = tiny_source(folder), []
    for trial in range(count):
        place = folder / f"up{trial}"
        place.mkdir()
        spec = tiny_spec(source, [*SKIP, "trainer.max_epochs=9", f"seed={trial}"])

        def always(spec: object = spec, place: Path = place, step: int = 2 + trial % 3) -> None:
            planted([step], always_in_loss("mse", lambda loss: loss * nan))
            train(spec, run_dir=place / "run")

        child = Child(always, place / "told")
        if (code := child.wait()) != 5 or "10 steps in a row had to be left out" not in child.text():
            broken.append(f"trial {trial}: it ended with {code}: {child.text()[-800:]}")
    return Tally(count, tuple(broken), "exit code 5 after 10 steps in a row")


PROMISES = (
    Promise(
        "nonfinite",
        "NaN or infinity in a loss, a gradient, a batch, the weights, the optimiser or a validation, also under "
        "accumulation and in one process of two: training stops before the update with exit code 5, names loss or "
        "group, step and dates, and leaves every checkpoint as it was",
        stops,
        full=4 * len(PLACES),
        short=4,
    ),
    Promise(
        "nonfinite-skip",
        "`trainer.on_nonfinite: skip`: the update alone is left out and counted, also under accumulation and when the "
        "run is stopped and continued",
        skips,
        full=36,
        short=1,
    ),
    Promise(
        "nonfinite-gives-up",
        "`trainer.on_nonfinite: skip` where nothing gets finite again: training is given up",
        gives_up,
        full=10,
        short=1,
    ),
)

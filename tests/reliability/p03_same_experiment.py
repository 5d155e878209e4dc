"""A run that goes on after one thing has changed."""

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from reliability.promise import Promise, Tally
from support.checkpoints import last_state, read, replace
from support.plugin_files import LOSS, install
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import Ready, RunFolder, resume, train
from stq.errors import Stopped, UsageError
from stq.spec import LoadedSpec
from stq.training import EpochEnded, Started, Stepped

STEADY = "optim.schedule={name: constant, warmup: 0}"
FALLING = "optim.schedule={name: cosine}"


class Reached(Exception):
    """The run was not refused: it would train now."""


@dataclass(frozen=True)
class Place:
    """The folder that holds the data, a plugin file, an installed plugin and a run of them."""

    folder: Path

    @property
    def run(self) -> Path:
        """The run, which was stopped after 5 steps, the first of its second epoch."""
        return self.folder / "run"

    def spec(self, schedule: str, *changes: str) -> LoadedSpec:
        """The spec that the run was started with, and what is changed in it; HERE is the folder."""
        losses = "losses=[mse, {loss: laplacian, weight: 0.3, levels: 2}, pinball, absolute, distant]"
        plugins = f"plugins=[{self.folder / 'local.py'}]"
        changed = [change.replace("HERE", str(self.folder)) for change in changes]
        return tiny_spec(self.folder / "tiny.nc", [losses, plugins, schedule, *changed])


@dataclass(frozen=True)
class Case:
    """One change. `refused` stands in the refusal, in place of all else; empty where the run has to go on."""

    changes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    schedule: str = STEADY
    act: Callable[[Place], object] = field(default=lambda place: None)


def free(*changes: str, act: Callable[[Place], object] = lambda place: None) -> Case:
    """A change that may be."""
    return Case(changes, act=act)


def bound(change: str, key: str, then: str, now: str) -> Case:
    """A change of one key that may not be."""
    return Case((change,), (f"{key}: {then} then, {now} now",))


def copied(name: str, to: str) -> Callable[[Place], object]:
    """Copies a file to another name."""
    return lambda place: shutil.copy(place.folder / name, place.folder / to)


def other_experiment(**found: object) -> Callable[[Place], object]:
    """As if the checkpoint had been written with something else around it."""

    def act(place: Place) -> None:
        state = last_state(place.run)
        replace(state, read(state), **found)

    return act


def version(place: Place) -> None:
    """The distribution of an installed plugin is another release."""
    metadata = next((place.folder / "site").glob("*.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.2", "Version: 1.3"))


CASES: dict[str, Case] = {
    "nothing": free(),
    "workers": free("data.workers=2"),
    "memory": free("data.memory=lazy"),
    "rows of the log": free("trainer.log_every_n_steps=5"),
    "a logger": free("trainer.logger=csv"),
    "the name": free("name=other"),
    "the search for a NaN": free("trainer.detect_anomaly=true"),
    "settings of processes": free("trainer.ddp.gradient_as_bucket_view=true"),
    "the strategy's name": free("trainer.strategy=ddp"),
    "the device": free("trainer.accelerator=auto"),
    "activations computed again": free("model.checkpoint_activations=true"),
    "what is scored": free("evaluation.bootstrap.repetitions=10"),
    "more epochs": free("trainer.max_epochs=5"),
    "fewer epochs": free("trainer.max_epochs=2"),
    "a limit of steps": free("trainer.max_steps=6"),
    "the place of the data": free("data.source=HERE/moved.nc", act=copied("tiny.nc", "moved.nc")),
    "the place of a plugin": free(
        "plugins=[HERE/new/local.py]", act=lambda place: shutil.copytree(place.folder / "lib", place.folder / "new")
    ),
    "another torch": free(act=other_experiment(versions={"stq": "0.0", "torch": "1.0"})),
    "fewer epochs than done": Case(("trainer.max_epochs=1",), ("trainer.max_epochs: 3 then, 1 now", "epoch 2")),
    "fewer steps than done": Case(("trainer.max_steps=5",), ("trainer.max_steps: None then, 5 now", "5 steps")),
    "epochs under a cosine": Case(("trainer.max_epochs=5",), ("max_epochs: 3 then, 5 now", "cosine"), FALLING),
    "the seed": bound("seed=4", "seed", "3", "4"),
    "history": bound("data.history=2", "data.history", "3", "2"),
    "horizons": bound("data.horizons=[1, 3]", "data.horizons", "[1, 2]", "[1, 3]"),
    "the batch": Case(("data.batch_size=4",), ("data.batch_size: 8 then, 4 now", "all processes: 8 then, 4 now")),
    "the split": bound("data.split.train=0.5", "data.split.train", "0.6", "0.5"),
    "normalisation": bound("data.normalise=standard", "data.normalise", "anomaly", "standard"),
    "a calendar": bound("data.calendar=[month]", "data.calendar", "[]", "['month']"),
    "hidden channels": bound("model.hidden=[8]", "model.hidden", "[4]", "[8]"),
    "dropout": bound("model.dropout=0.1", "model.dropout", "0.2", "0.1"),
    "levels": bound("quantiles.levels=[0.2, 0.8]", "quantiles.levels", "[0.1, 0.9]", "[0.2, 0.8]"),
    "the weight of a loss": bound("losses.pinball.weight=2", "losses.pinball.weight", "1.0", "2.0"),
    "an option of a loss": bound("losses.laplacian.levels=1", "losses.laplacian.levels", "2", "1"),
    "where a loss goes": bound("losses.absolute.updates=[central]", "losses.absolute.updates", "None", "['central']"),
    "the engine": bound("routing.engine=save-restore", "routing.engine", "pruned", "save-restore"),
    "the optimiser": bound("optim.name=sgd", "optim.name", "adamw", "sgd"),
    "the rate": bound("optim.lr=0.01", "optim.lr", "0.001", "0.01"),
    "clipping": bound("optim.clip.norm=1", "optim.clip.norm", "0.02", "1.0"),
    "the schedule": bound("optim.schedule.name=exponential", "optim.schedule.name", "constant", "exponential"),
    "patience": bound("trainer.patience=3", "trainer.patience", "20", "3"),
    "precision": bound("trainer.precision=64-true", "trainer.precision", "32-true", "64-true"),
    "accumulation": bound("trainer.accumulate_grad_batches=2", "trainer.accumulate_grad_batches", "1", "2"),
    "averaged weights": bound("trainer.ema=0.9", "trainer.ema", "None", "0.9"),
    "the calibration": bound("calibration.by=[horizon]", "calibration.by", "['horizon', 'variable']", "['horizon']"),
    "the data": Case(refused=("fingerprint of the data: ",), act=lambda place: tiny_source(place.folder, 61)),
    "a plugin's text": Case(
        refused=("plugin file 0-local.py: sha256 ", "keeps a copy"),
        act=lambda place: (place.folder / "local.py").write_text(LOSS.format(name="absolute") + "# edited\n"),
    ),
    "a plugin more": Case(
        ("plugins=[HERE/local.py, HERE/more.py]",),
        ("plugin file 1-more.py: nothing then",),
        act=copied("local.py", "more.py"),
    ),
    "a plugin's version": Case(refused=("plugin distant-losses: 1.2 then, 1.3 now",), act=version),
    "the number of processes": Case(
        refused=("samples in a batch of all processes: 16 then, 8 now",), act=other_experiment(processes=2)
    ),
}


class StopAtStep5:
    """An observer that asks for a stop."""

    def started(self, event: Started) -> None:
        """Nothing to do."""

    def stepped(self, event: Stepped) -> None:
        """Ask."""
        if event.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    def epoch_ended(self, event: EpochEnded) -> None:
        """Nothing to do."""


def changed_and_gone_on_with(count: int, folder: Path) -> Tally:
    """Each case on a fresh copy of a run at the same place; those that are not refused come to their first step."""
    place, sound = Place(folder / "place"), {}
    chosen = random.Random(3).sample(list(CASES), min(count, len(CASES)))
    broken = []
    (place.folder / "site").mkdir(parents=True)
    (place.folder / "lib").mkdir()
    for file in ("local.py", "lib/local.py"):
        (place.folder / file).write_text(LOSS.format(name="absolute"))
    tiny_source(place.folder)
    sys.path.insert(0, str(place.folder / "site"))
    try:
        module = install(place.folder / "site", "distant-losses", LOSS.format(name="distant"))
        for schedule in dict.fromkeys(CASES[title].schedule for title in chosen):
            shutil.rmtree(place.run, ignore_errors=True)
            with suppress(Stopped):
                train(place.spec(schedule), run_dir=place.run, observers=[StopAtStep5()])
            sound[schedule] = shutil.copytree(place.folder, folder / f"sound-{len(sound)}")
        for title in chosen:
            shutil.rmtree(place.folder)
            shutil.copytree(sound[CASES[title].schedule], place.folder)
            broken += [f"{title}: {problem}" for problem in problems_of(CASES[title], place)]
        del sys.modules[module]
    finally:
        sys.path.remove(str(place.folder / "site"))
    refused = sum(bool(CASES[title].refused) for title in chosen)
    return Tally(len(chosen), tuple(broken), f"{refused} to be refused, {len(chosen) - refused} to go on")


def problems_of(case: Case, place: Place) -> Iterator[str]:
    """What went otherwise than it should."""
    case.act(place)
    before = (place.run / "resolved.yaml").read_bytes()
    try:
        resume(place.spec(case.schedule, *case.changes), RunFolder(place.run), on_ready=reached)
    except Reached:
        if case.refused:
            yield "the run would have gone on"
    except UsageError as error:
        if not case.refused:
            yield f"refused: {error}"
        yield from (f"the refusal lacks {part!r}: {error}" for part in case.refused if part not in str(error))
    except Exception as error:
        yield f"{type(error).__name__}: {error}"
    if (place.run / "resolved.yaml").read_bytes() != before:
        yield "the run's spec was changed before the first step"


def reached(ready: Ready) -> None:
    """All checks are passed."""
    raise Reached


PROMISES = (
    Promise(
        name="same-experiment",
        text="One thing changed before a resume, in the spec, the data, a plugin's text or version, or the number of "
        "processes: what no step depends on is taken over, anything else refused with the value then and now",
        check=changed_and_gone_on_with,
        full=len(CASES),
        short=8,
    ),
)

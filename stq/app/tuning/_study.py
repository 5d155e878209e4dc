"""The search itself: Optuna's study, on the disk, with suggestions that hang on the seed and the trial's number."""

import json
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stq.app.tuning._result import Trial
from stq.errors import StqError, UsageError
from stq.models import stream_seed
from stq.spec import Dimension
from stq.training import EpochEnded, Started, Stepped

if TYPE_CHECKING:
    import optuna

STUDY = "stq"
FILE = "study.journal"
STOPPED = "stopped"


class Pruned(StqError):
    """A trial that is not worth going on with; never shown to a person."""


def refuse_missing() -> None:
    """Raises UsageError where Optuna is not installed."""
    if find_spec("optuna") is None:
        raise UsageError("stq tune needs optuna: pip install 'stq[tune]'")


class Study:
    """Asks for settings, and is told how they did; goes on where an earlier process stopped."""

    def __init__(self, out: Path, space: Sequence[Dimension], terms: Mapping[str, object], *, seed: int) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.out, self.space, self.seed = out, tuple(space), seed
        out.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.JournalStorage(JournalFileBackend(str(out / FILE)))
        self.study = optuna.create_study(
            storage=storage,
            study_name=STUDY,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2),
        )
        self._keep_terms(json.loads(json.dumps(terms)))
        self._give_up_stopped()

    def _keep_terms(self, terms: Mapping[str, Any]) -> None:
        known = self.study.user_attrs.get("terms")
        if known is None:
            self.study.set_user_attr("terms", terms)
        elif known != terms:
            names = ", ".join(key for key in terms if known.get(key) != terms[key])
            raise UsageError(f"{self.out} holds a search on other terms ({names}): choose another folder with --out")

    def _give_up_stopped(self) -> None:
        """Trials that a process left unfinished, when it was stopped or killed: their settings are tried again."""
        import optuna

        for trial in self.study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
            self.give_up(trial.number)

    def give_up(self, number: int) -> None:
        """A trial that was stopped: its settings come next again."""
        self.study.enqueue_trial(self.study.get_trials(deepcopy=False)[number].params)
        self.tell_failed(number, STOPPED)

    def ask(self) -> "optuna.Trial":
        """The next trial."""
        import optuna

        number = len(self.study.get_trials(deepcopy=False))
        seed = stream_seed(self.seed, f"trial {number}") % 2**32
        self.study.sampler = optuna.samplers.TPESampler(seed=seed)
        return self.study.ask({dimension.key: distribution(dimension) for dimension in self.space})

    def tell(self, number: int, value: float) -> None:
        """A trial that ran its course."""
        self.study.tell(number, value)

    def tell_pruned(self, number: int) -> None:
        """A trial that was given up."""
        import optuna

        self.study.tell(number, state=optuna.trial.TrialState.PRUNED)

    def tell_failed(self, number: int, cause: str) -> None:
        """A trial that failed; others go on."""
        import optuna

        self.study.set_user_attr(f"cause {number}", cause)
        self.study.tell(number, state=optuna.trial.TrialState.FAIL)

    def trials(self) -> tuple[Trial, ...]:
        """Every trial that has ended, but for those that were stopped from outside."""
        import optuna

        states = {
            optuna.trial.TrialState.COMPLETE: "complete",
            optuna.trial.TrialState.PRUNED: "pruned",
            optuna.trial.TrialState.FAIL: "failed",
        }
        found, causes = [], self.study.user_attrs
        for each in self.study.get_trials(deepcopy=False):
            cause = str(causes.get(f"cause {each.number}", ""))
            state = states.get(each.state)
            if state is None or cause == STOPPED:
                continue
            value = each.value if each.value is not None else min(each.intermediate_values.values(), default=None)
            found.append(
                Trial(
                    number=each.number,
                    state=state,  # type: ignore[arg-type]  # a value of the mapping above
                    value=value,
                    settings=texts(each.params),
                    run=self.out / folder_name(each.number),
                    epochs=len(each.intermediate_values),
                    cause=cause,
                )
            )
        return tuple(found)


class Judge:
    """A training observer that reports every validation to the study, and ends a trial that falls behind.

    What is reported is what training monitors: the central validation error or, where that is fixed, the total of the
    losses that train. Nothing of the test part is looked at.
    """

    def __init__(self, trial: "optuna.Trial", *, prune: bool) -> None:
        self.trial = trial
        self.prune = prune
        self.best = float("inf")

    def started(self, event: Started) -> None:
        """Nothing to report yet."""

    def stepped(self, event: Stepped) -> None:
        """Steps are not judged."""

    def epoch_ended(self, event: EpochEnded) -> None:
        """Raises Pruned where the median of the trials before was better by now."""
        self.best = min(self.best, event.monitored)
        self.trial.report(event.monitored, event.epoch + 1)
        if self.prune and self.trial.should_prune():
            raise Pruned(f"pruned after epoch {event.epoch + 1}")


def distribution(dimension: Dimension) -> "optuna.distributions.BaseDistribution":
    """What Optuna calls it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.kind == "choice":
        return CategoricalDistribution(dimension.choices)
    if dimension.kind == "whole":
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def texts(settings: Mapping[str, object]) -> dict[str, str]:
    """Values as `--set` takes them."""
    return {key: str(value) for key, value in settings.items()}


def folder_name(number: int) -> str:
    """Of the run of a trial."""
    return f"trial-{number:03d}"

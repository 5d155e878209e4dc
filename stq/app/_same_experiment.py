"""Whether a run that goes on is still the experiment that it was: what changed, and what of that may."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stq.app._identity import Identity
from stq.errors import UsageError

FREE = (
    "name",
    "data.source",  # as `data.static` and `plugins`: what the files hold decides, not where they lie
    "data.workers",
    "data.memory",
    "model.checkpoint_activations",  # the same bits in less memory
    "plugins",
    "evaluation",  # of a trained network
    "trainer.accelerator",
    "trainer.strategy",
    "trainer.ddp",
    "trainer.log_every_n_steps",
    "trainer.logger",
    "trainer.detect_anomaly",  # so that a run that stopped at a NaN can look for it
    "tune",  # no run has it; one that was made before there was such a key does not say so
)
"""Keys, with all below them, that no step depends on."""
SHARES = ("data.batch_size", "trainer.devices", "trainer.num_nodes")
"""Keys that may change together, as long as all processes take a batch of the same size."""
LENGTH = ("trainer.max_epochs", "trainer.max_steps")
STEADY = ("constant", "step", "exponential", "plateau")
"""Schedules that, without a warm-up, don't depend on the length of the training."""


@dataclass(frozen=True)
class Change:
    """A key with another value; empty where there is none. `remedy` says what to do, empty where it may change."""

    key: str
    then: str
    now: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.key}: {self.then or 'nothing'} then, {self.now or 'nothing'} now"
        return f"{line}; {self.remedy}" if self.remedy else line


def changes_of_spec(then: Identity, now: Mapping[str, str], processes: int, *, step: int, epoch: int) -> list[Change]:
    """Every key that differs, in the order of the spec. `step` steps are done, and `epoch` whole epochs."""
    batch = int(now["data.batch_size"]) * processes
    former = int(then.spec["data.batch_size"]) * then.processes
    found = []
    for key in dict.fromkeys([*then.spec, *now]):
        values = then.spec.get(key, ""), now.get(key, "")
        if values[0] != values[1]:
            remedy = ""
            if key in LENGTH:
                remedy = remedy_of_length(key, now, step, epoch)
            elif key in SHARES:
                remedy = "" if batch == former else "see below"
            elif not is_free(key):
                remedy = "give the value of then"
            found.append(Change(key, *values, remedy))
    if batch != former:
        remedy = "give a data.batch_size that all processes together make the same batch of"
        found.append(Change("samples in a batch of all processes", str(former), str(batch), remedy))
    return found


def is_free(key: str) -> bool:
    """Whether no step depends on the value of this key."""
    if key.startswith("data.static.") and key.endswith(".file"):
        return True
    return any(key == free or key.startswith(f"{free}.") for free in FREE)


def remedy_of_length(key: str, now: Mapping[str, str], step: int, epoch: int) -> str:
    """Why the length of the training can't be this, empty where it can."""
    schedule = now["optim.schedule.name"]
    if schedule not in STEADY or float(now["optim.schedule.warmup"]) > 0:
        what = f"the schedule {schedule}" if schedule not in STEADY else "the warm-up, a share of all steps,"
        return f"{what} depends on the length of the training"
    if key == "trainer.max_epochs" and int(now[key]) <= epoch:
        return f"the run has come to epoch {epoch + 1}"
    if key == "trainer.max_steps" and now[key] != "None" and int(now[key]) <= step:
        return f"the run has taken {step} steps"
    return ""


def changes_of_files(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    """Local plugin files that differ in what they hold."""
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            former, latter = (f"sha256 {found[name][:12]}" if found.get(name) else "" for found in (then, now))
            remedy = "give the file of then; the run keeps a copy under plugins/"
            yield Change(f"plugin file {name}", former, latter, remedy)


def changes_of_surroundings(then: Identity, now: Identity) -> Iterator[Change]:
    """What differs that the spec does not say: the data, and the versions of installed plugins."""
    if then.data != now.data:
        yield Change("fingerprint of the data", then.data[:12], now.data[:12], "give the files of then")
    for name in dict.fromkeys([*then.plugins, *now.plugins]):
        values = then.plugins.get(name, ""), now.plugins.get(name, "")
        if values[0] != values[1]:
            yield Change(f"plugin {name}", *values, "install the version of then")


def refuse_another(run: Path, changes: Iterable[Change]) -> None:
    """Raises UsageError, with all changes that may not be."""
    refused = [change for change in changes if change.remedy]
    if refused:
        lines = "\n".join(f"  {change}" for change in refused)
        raise UsageError(
            f"the experiment differs from that of {run}, and a run that goes on stays what it was:\n{lines}\n"
            f"the spec of the run is {run / 'resolved.yaml'}; for another experiment start a new run"
        )


def notes_on(changes: Iterable[Change], then: Identity, now: Identity) -> tuple[str, ...]:
    """What a person should know of a run that goes on otherwise than it was."""
    notes = [f"the run goes on with another {change}" for change in changes]
    notes += [
        f"{name} was {then.versions.get(name, 'unknown')}, and is {version}: numbers may differ in their last bits"
        for name, version in now.versions.items()
        if then.versions.get(name) != version
    ]
    if any(change.key in ("trainer.accelerator", *SHARES) for change in changes):
        notes.append("on other devices numbers may differ in their last bits, and dropout draws otherwise")
    return tuple(notes)

"""Go on with a run where it stopped, if it is still the same experiment."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from stq.app._assembly import assemble, refuse_unsuited
from stq.app._calibrate import set_aside
from stq.app._disk_space import refuse_full_disk
from stq.app._identity import Identity, identity_of, shas_by_now, told
from stq.app._run_folder import RunFolder
from stq.app._same_experiment import (
    LENGTH,
    Change,
    changes_of_files,
    changes_of_spec,
    changes_of_surroundings,
    notes_on,
    refuse_another,
)
from stq.app._train import audited, finish, fit_into, ignore
from stq.app._train_result import Ready, TrainResult
from stq.errors import UsageError
from stq.files import discard, sweep
from stq.spec import LoadedSpec, dump_spec
from stq.training import CheckpointStore, Newest, TrainingObserver, joined


def resume(
    loaded: LoadedSpec,
    run: RunFolder,
    *,
    observers: Sequence[TrainingObserver] = (),
    on_ready: Callable[[Ready], None] = ignore,
) -> TrainResult:
    """Go on from the newest checkpoint of `run` that is sound, as the experiment that it was.

    What no step depends on may have changed (see `stq.app._same_experiment`): the run then goes on with the new values,
    and its resolved spec says so. Raises UsageError, with every difference, where anything else has, and where there
    is no checkpoint yet; CheckFailed where every checkpoint is damaged; InUse where another command writes into the
    run; and what `stq.app.train` raises.
    """
    store = CheckpointStore(run.checkpoints)
    if not store.begun:
        raise UsageError(
            f"{run.path} was stopped before its first checkpoint, and there is nothing to go on from: remove the "
            f"folder and train anew, with the same command without --resume"
        )
    loaded = loaded.without_search
    going = run.with_own_plugins(loaded)
    refuse_unsuited(going)
    newest: Newest | None = None
    changes: list[Change] = []
    notes: tuple[str, ...] = ()
    with ExitStack() as held:
        with joined(going.spec.trainer) as world:
            with world.together():
                if world.leads:
                    held.enter_context(run.claimed("stq train --resume"))
                    sweep(run.path)
                    newest = store.newest()
                    changes = changes_between(loaded, going, run, newest, world.size)
                    refuse_another(run.path, changes)
            newest = world.leaders(newest)
            assert newest is not None  # for the type checker: the leading process has one
            with world.together():
                then = Identity.from_dict(newest.manifest.experiment)
                experiment = assemble(going, run, trained=False)  # the checkpoint brings the weights
                identity = identity_of(loaded, experiment, world.size, then.plugin_files)
                refuse_another(run.path, changes_of_surroundings(then, identity))
                if world.leads:
                    refuse_full_disk(run, experiment)
                    notes = (
                        *notes_on_damage(newest),
                        *notes_on(changes, then, identity),
                        *notes_on_files(loaded, run, then),
                    )
            audit = audited(world, experiment, run, on_ready, write=False, resumed=notes)
            if world.leads:
                longer = any(change.key in LENGTH for change in changes)
                if longer or newest.damaged or not run.outcome.is_file():  # else training has ended, and stays so
                    reopen(run)
                if changes:
                    run.write(run.resolved, dump_spec(loaded.spec))
                run.write_resumption(newest.manifest.step, notes)
            fitted = fit_into(run, experiment, observers, world, identity, resume_from=newest.state)
        return finish(run, replace(experiment, notes=(*notes, *experiment.notes)), audit, fitted, world)


def reopen(run: RunFolder) -> None:
    """Training goes on: how it ended is not known any more, and its corrections are soon those of another network."""
    discard(run.outcome)
    set_aside(run)
    discard(run.calibration)


def changes_between(
    loaded: LoadedSpec, going: LoadedSpec, run: RunFolder, newest: Newest, processes: int
) -> list[Change]:
    """What a spec says otherwise than the checkpoint that is to be gone on from; `going` is it with the run's plugins.

    Where the spec is the run's own, its plugin files are the copies that the run keeps.
    """
    manifest = newest.manifest
    then = Identity.from_dict(manifest.experiment)
    found = changes_of_spec(then, told(loaded.spec), processes, step=manifest.step, epoch=manifest.epoch)
    own = loaded.path is not None and loaded.path.absolute() == run.resolved.absolute()
    copies = {file.path.name: file.sha256 for file in going.plugin_files}
    found += changes_of_files(then.plugin_files, copies if own else shas_by_now(loaded))
    return found


def notes_on_damage(newest: Newest) -> list[str]:
    """What is said where the newest checkpoint is not the one that was written last."""
    found = newest.state.parent.name
    return [f"{damage}; the run goes on from {found}, at step {newest.manifest.step}" for damage in newest.damaged]


def notes_on_files(loaded: LoadedSpec, run: RunFolder, then: Identity) -> list[str]:
    """What is said of plugin files that changed since a run copied them."""
    changed = [change.key for change in changes_of_files(then.plugin_files, shas_by_now(loaded))]
    return [f"{key} has changed since; the run goes on with its own copy, in {run.plugins}" for key in changed]

"""From a spec to an experiment that can train, checked in the order of cost: losses, data, network, routing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.app._data import open_data
from stq.app._device import refuse_missing_device
from stq.app._groups import cut, refuse_unknown_groups
from stq.app._init_from import InitialWeights, refuse_frozen_at_random, start_from
from stq.app._losses import ResolvedLoss, levels_of, resolve_losses, routes_of, set_up_losses
from stq.app._metrics import resolve_metrics
from stq.app._models import build_network, find_model
from stq.app._notes import routing_notes
from stq.app._run_folder import RunFolder
from stq.app._strata import strata_of
from stq.data import ForecastData, Statistics, StrataMap
from stq.errors import CheckFailed, PluginError, Problem, RoutingError, SpecError
from stq.losses import LossContext
from stq.models import Forecaster
from stq.registry import load_losses, load_metrics, load_models, load_readers
from stq.routing import Router, plan_routes
from stq.spec import LoadedSpec, PluginFile
from stq.training import CheckpointStore, ForecastModule, Loaders, lacking, load_weights

INSTALL = "pip install 'stq[track]', or set trainer.logger: null"


@dataclass(frozen=True)
class Experiment:
    """Everything that a training step needs, and what a person should know of it."""

    loaded: LoadedSpec
    losses: tuple[ResolvedLoss, ...]
    data: ForecastData
    module: ForecastModule
    loaders: Loaders
    initial: InitialWeights | None
    strata: StrataMap | None
    notes: tuple[str, ...]


def assemble(
    loaded: LoadedSpec,
    run: RunFolder | None = None,
    *,
    trained: bool = True,
    passed: Callable[[str], None] = lambda stage: None,
) -> Experiment:
    """Build the experiment that the spec describes; with `run`, on its statistics and, if `trained`, its best weights.

    `passed` hears of every stage that held: plugins, data, network.

    Raises SpecError, PluginError, DataError, RoutingError: whatever can be refused before the first gradient.
    """
    spec = loaded.spec
    refuse_unsuited(loaded)
    losses = resolve_plugins(loaded)
    if spec.evaluation.metrics:
        resolve_metrics(loaded)  # so that what can't be scored is refused before training
    passed("plugins")
    origin = None if run is not None or spec.init_from is None else RunFolder.open(Path(spec.init_from))
    fitted = run or origin
    data = open_data(spec.data, None if fitted is None else Statistics.load(fitted.statistics), loaded=loaded)
    passed("data")
    finished = run if trained else None
    forecaster = build_network(loaded, data, learn_from=data if finished is None else None)
    if finished is not None:
        put_weights(forecaster, finished)
    initial = None if origin is None else start_from(loaded, forecaster, data, origin)
    patterns = spec.groups or forecaster.groups()
    refuse_unknown_groups(loaded, losses, patterns)
    groups = cut(loaded, forecaster, patterns)
    if initial is not None:
        refuse_frozen_at_random(loaded, groups, initial)
    try:
        plan = plan_routes(groups, routes_of(losses))
    except RoutingError as error:
        raise SpecError([loaded.problem(("losses",), str(error), on="key")]) from error
    minimum, maximum = data.target_range()
    size = data.size if spec.data.patch is None else (spec.data.patch.size, spec.data.patch.size)
    set_up_losses(loaded, losses, LossContext(data.variables, data.horizons, levels_of(loaded), size, minimum, maximum))
    times = data.times  # not `data.time_label`: a copy of the module would copy the data with it
    module = ForecastModule(
        forecaster,
        {resolved.name: resolved.loss for resolved in losses},
        Router(plan, spec.routing.engine),
        spec.optim,
        seed=spec.seed,
        compiled=spec.model.compile,
        skip=spec.trainer.on_nonfinite == "skip",
        label=lambda index: times[index],
    )
    loaders = Loaders(
        data.splits["train"],
        data.splits["val"],
        batch_size=spec.data.batch_size,
        validation_batch_size=data.whole_fields(spec.data.batch_size),
        workers=spec.data.workers,
        seed=spec.seed,
    )
    notes = (*routing_notes(spec, losses, plan, warm=fitted is not None), *data.notes)
    strata = None if spec.strata is None else strata_of(loaded)
    passed("network")
    return Experiment(loaded, losses, data, module, loaders, initial, strata, notes)


def resolve_plugins(loaded: LoadedSpec) -> tuple[ResolvedLoss, ...]:
    """The losses, and a look at the model: what is wrong with either is said at once. Raises SpecError."""
    refuse_broken_files(loaded)
    problems: list[Problem] = []
    losses: tuple[ResolvedLoss, ...] = ()
    try:
        losses = resolve_losses(loaded)
    except SpecError as error:
        problems += error.problems
    try:
        find_model(loaded)
    except SpecError as error:
        problems += error.problems
    if problems:
        raise SpecError(problems)
    return losses


def refuse_broken_files(loaded: LoadedSpec) -> None:
    """Run the local plugin files. Raises SpecError with all that can't be used, each at its place: one that fails, and
    one that brings a name which another has brought before it.
    """
    problems: list[Problem] = []
    sound: list[PluginFile] = []
    for index, file in enumerate(loaded.plugin_files):
        try:
            load_all([*sound, file])
        except PluginError as error:
            problems.append(loaded.problem(("plugins", index), str(error)))
        else:
            sound.append(file)
    if problems:
        raise SpecError(problems)


def load_all(files: Sequence[PluginFile]) -> None:
    """Everything that these files bring. Raises PluginError."""
    for load in (load_losses, load_models, load_readers, load_metrics):
        load(files)


def refuse_unsuited(loaded: LoadedSpec) -> None:
    """Refuse what this machine can't do. Raises SpecError."""
    refuse_missing_device(loaded)
    refuse_missing_loggers(loaded)


def refuse_missing_loggers(loaded: LoadedSpec) -> None:
    """Refuse loggers whose packages are not installed. Raises SpecError."""
    problems = [
        loaded.problem(("trainer", "logger", index), f"the logger {logger.name} needs {package}", INSTALL)
        for index, logger in enumerate(loaded.spec.trainer.logger)
        if (package := lacking(logger.name)) is not None
    ]
    if problems:
        raise SpecError(problems)


def put_weights(forecaster: Forecaster, run: RunFolder) -> None:
    """Give the network the best weights of its own run. Raises CheckFailed where a name or a shape differs."""
    best = CheckpointStore(run.checkpoints).best()
    own, weights = forecaster.state_dict(), load_weights(best)
    wrong = sorted(own.keys() ^ weights.keys())
    wrong += [name for name, value in weights.items() if name in own and value.shape != own[name].shape]
    if wrong:
        raise CheckFailed(f"{best.parent}: the weights are not of this network; they differ in {', '.join(wrong[:5])}")
    forecaster.load_state_dict(weights)

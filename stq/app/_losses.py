"""From the spec's list of losses to losses ready to train, and the routes they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

from stq.errors import PluginError, Problem, SpecError
from stq.losses import Loss, LossContext, blamed, build_loss
from stq.registry import LossRegistry, load_losses
from stq.routing import Route
from stq.spec import LoadedSpec, LossSpec


@dataclass(frozen=True)
class ResolvedLoss:
    """One item of the spec's list, found and built."""

    name: str
    loss: Loss
    weight: float
    updates: Mapping[str, float]
    distribution: str


def resolve_losses(loaded: LoadedSpec) -> tuple[ResolvedLoss, ...]:
    """Find every loss that the spec names and build it with its options.

    Raises SpecError with all problems at once, each at its place: unknown loss or option, wrong value, a loss that
    needs quantiles where the spec has none. Raises PluginError where a local plugin file fails.
    """
    registry = load_losses(loaded.plugin_files)
    problems: list[Problem] = []
    resolved = []
    for index, item in enumerate(loaded.spec.losses):
        try:
            resolved.append(resolve(registry, item, has_quantiles=bool(levels_of(loaded))))
        except SpecError as error:
            problems += loaded.located(error.problems, ("losses", index))
        except PluginError as error:
            problems.append(loaded.problem(("losses", index, "loss"), str(error)))
    if problems:
        raise SpecError(problems)
    return tuple(resolved)


def resolve(registry: LossRegistry, item: LossSpec, *, has_quantiles: bool) -> ResolvedLoss:
    """One loss; problems carry paths relative to its item."""
    entry = registry.get(item.loss)
    loss = build_loss(entry.cls, item.options)
    if loss.needs_quantiles and not has_quantiles:
        raise SpecError(
            [
                Problem(
                    ("loss",),
                    f"the loss {item.loss} compares quantiles, and the spec has none",
                    hint="give quantiles.levels, or leave the loss out",
                )
            ]
        )
    return ResolvedLoss(item.name, loss, item.weight, updates_of(item, entry.cls), entry.distribution)


def updates_of(item: LossSpec, cls: type[Loss]) -> Mapping[str, float]:
    """Factor by group: the spec's own word, or else the tag of the plugin."""
    if item.updates is None:
        return dict.fromkeys(cls.updates, 1.0)
    if isinstance(item.updates, Mapping):
        return dict(item.updates)
    return dict.fromkeys(item.updates, 1.0)


def levels_of(loaded: LoadedSpec) -> tuple[float, ...]:
    """The quantile levels, none where the spec says null."""
    quantiles = loaded.spec.quantiles
    return () if quantiles is None else quantiles.levels


def set_up_losses(loaded: LoadedSpec, losses: tuple[ResolvedLoss, ...], context: LossContext) -> None:
    """Hand the training statistics to every loss. Raises SpecError, located, where one does not suit the run."""
    problems: list[Problem] = []
    for index, resolved in enumerate(losses):
        try:
            with blamed(resolved.name):
                resolved.loss.setup(context)
        except SpecError as error:
            problems += loaded.located(error.problems, ("losses", index))
    if problems:
        raise SpecError(problems)


def routes_of(losses: tuple[ResolvedLoss, ...]) -> Mapping[str, Route]:
    """What the routing plan is made from."""
    return {resolved.name: Route(resolved.weight, resolved.updates) for resolved in losses}

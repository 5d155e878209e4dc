"""The parameter groups of the network, and whether what the spec says of them can be."""

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from stq.app._losses import ResolvedLoss
from stq.errors import RoutingError, SpecError, nearest
from stq.models import Forecaster
from stq.routing import Groups
from stq.spec import LoadedSpec


def refuse_unknown_groups(loaded: LoadedSpec, losses: tuple[ResolvedLoss, ...], groups: Collection[str]) -> None:
    """Refuse every name of a group that the network does not have, and tags without any, at their places."""
    named: list[tuple[str, tuple[str | int, ...], Literal["key", "value"]]] = []
    for index, resolved in enumerate(losses):
        written = loaded.spec.losses[index].updates
        for number, name in enumerate(resolved.updates):
            if written is None:
                named.append((name, ("losses", index, "loss"), "value"))
            elif isinstance(written, Mapping):
                named.append((name, ("losses", index, "updates", name), "key"))
            else:
                named.append((name, ("losses", index, "updates", number), "value"))
    named += [(name, ("freeze", number), "value") for number, name in enumerate(loaded.spec.freeze)]
    named += [(name, ("optim", "groups", name), "key") for name in loaded.spec.optim.groups]
    known = f"its groups are {', '.join(groups)}"
    problems = [
        loaded.problem(path, f"the network has no parameter group {name!r}", nearest(name, groups, known), on=on)
        for name, path, on in named
        if name not in groups
    ]
    problems += [
        loaded.problem(
            ("losses", index, "loss" if loaded.spec.losses[index].updates is None else "updates"),
            f"the loss {resolved.name} has the weight {resolved.weight:g} and may update nothing",
            "name the groups that it may update, or give it weight 0, which computes it and moves nothing",
        )
        for index, resolved in enumerate(losses)
        if resolved.weight > 0 and not any(resolved.updates.values())
    ]
    if problems:
        raise SpecError(problems)


def cut(loaded: LoadedSpec, forecaster: Forecaster, patterns: Mapping[str, Sequence[str]]) -> Groups:
    """The groups of the network. What is wrong with those that the spec gives is shown there. Raises SpecError, and
    RoutingError where they are the model's own.
    """
    names = [name for name, _ in forecaster.named_parameters(remove_duplicate=False)]
    modules = [f"{name}.*" for name in dict.fromkeys(name.partition(".")[0] for name in names)]
    problems = [
        loaded.problem(
            ("groups", group, index),
            f"the pattern {glob!r} matches no parameter of the network",
            nearest(glob, modules, f"its parameters match {', '.join(modules)}"),
        )
        for group, globs in loaded.spec.groups.items()
        for index, glob in enumerate(globs)
        if not any(fnmatchcase(name, glob) for name in names)
    ]
    if problems:
        raise SpecError(problems)
    try:
        return Groups.of(forecaster, patterns, freeze=loaded.spec.freeze)
    except RoutingError as error:
        if not loaded.spec.groups:
            raise
        raise SpecError([loaded.problem(("groups",), str(error), on="key")]) from error

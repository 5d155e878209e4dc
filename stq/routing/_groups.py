"""Named sets of parameters, given by glob patterns over their names. They fail closed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from torch import Tensor, nn

from stq.errors import nearest
from stq.routing._refusal import refuse

OUTSIDE = "make the groups over a module that holds it, once it is there, or freeze it with requires_grad_(False)"
"""The remedy for a parameter that can be trained and is in no group."""


@dataclass(frozen=True)
class Group:
    """One group: its parameters under the names that the model gives them."""

    name: str
    parameters: tuple[tuple[str, nn.Parameter], ...]
    frozen: bool = False

    @property
    def elements(self) -> int:
        """Number of scalars in all its parameters."""
        return sum(parameter.numel() for _, parameter in self.parameters)

    def tensors(self) -> list[nn.Parameter]:
        """The parameters without their names."""
        return [parameter for _, parameter in self.parameters]


@dataclass(frozen=True)
class Groups:
    """A partition of a module's trainable parameters: each stands in exactly one group, or in a frozen one.

    `module` is the one that was cut; a router looks at its first step whether it still has these parameters.
    """

    members: tuple[Group, ...]
    module: nn.Module | None = field(default=None, compare=False, repr=False)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        """Group names, in the order in which they were given."""
        return tuple(group.name for group in self.members)

    def named_parameters(self, *, frozen: bool = False) -> list[tuple[str, nn.Parameter]]:
        """Every parameter of every group that is not frozen; with `frozen`, of every group."""
        return [pair for group in self.members if frozen or not group.frozen for pair in group.parameters]

    def changes(self) -> list[str]:
        """What became of the module's parameters since the groups were made, by name: nothing, if all is well.

        A weight that is tied, parametrised or wrapped afterwards is another object, or stands beside a new one; the
        routing would go on with the old one.
        """
        if self.module is None:
            return []
        present = {id(parameter) for parameter in self.module.parameters()}
        return [
            f"{name} is no longer a parameter of the module: it was replaced, tied, parametrised or wrapped after the "
            f"groups were made; make the groups once the module is complete"
            for name, parameter in self.named_parameters(frozen=True)
            if id(parameter) not in present
        ]

    def frozen_since(self) -> list[str]:
        """What can't be moved any more though it is to be, by name, with the remedy: nothing, if all is well."""
        return [
            f"{name} was frozen after the groups were made; name its group under freeze, or make the groups afterwards"
            for name, parameter in self.named_parameters()
            if not parameter.requires_grad
        ]

    def uncovered(self, parameters: Iterable[Tensor]) -> Iterator[nn.Parameter]:
        """Those of `parameters` that are in no group, once: they were thawed since, or came later. See `OUTSIDE`.

        A tensor that is no `nn.Parameter`, such as an input whose gradient a loss takes, is not meant to be trained.
        """
        known = {id(parameter) for _, parameter in self.named_parameters(frozen=True)}
        for each in parameters:
            if isinstance(each, nn.Parameter) and id(each) not in known:
                known.add(id(each))
                yield each

    @classmethod
    def of(cls, module: nn.Module, patterns: Mapping[str, Sequence[str]], freeze: Collection[str] = ()) -> "Groups":
        """Cut `module` into groups by glob patterns over parameter names (`convlstm.*`; a star spans dots).

        Parameters of the groups in `freeze` get `requires_grad = False` here, before any wrapper sees them; one that
        had it already is left out of a group that isn't frozen.

        Raises RoutingError, all faults in one text, where a pattern matches nothing, a group has no pattern or nothing
        to train, a trainable parameter is in no group or in two (by identity, so that tied weights count), or `freeze`
        names no group.
        """
        named = list(module.named_parameters(remove_duplicate=False))
        faults = [
            f"freeze names the group {name!r}, which does not exist; {instead(name, patterns)}"
            for name in freeze
            if name not in patterns
        ]
        taken: dict[int, tuple[str, str]] = {}
        members = []
        for group, globs in patterns.items():
            chosen: dict[int, tuple[str, nn.Parameter]] = {}
            if not globs:
                faults.append(f"group {group!r} has no pattern; give it one or remove the group")
            for glob in globs:
                matches = [(name, p) for name, p in named if fnmatchcase(name, glob)]
                if not matches:
                    faults.append(
                        f"group {group!r}: the pattern {glob!r} matches no parameter; "
                        f"correct or remove it (top-level modules: {', '.join(top_level(named))})"
                    )
                for name, parameter in matches:
                    chosen.setdefault(id(parameter), (name, parameter))
            for key, (name, _) in chosen.items():
                if key in taken:
                    other, other_name = taken[key]
                    same = name == other_name
                    what = f"parameter {name!r}" if same else f"parameter {name!r} (tied to {other_name!r})"
                    faults.append(f"{what} is in two groups, {other!r} and {group!r}; narrow the patterns of one")
                taken.setdefault(key, (group, name))
            kept = tuple(pair for pair in chosen.values() if group in freeze or pair[1].requires_grad)
            if chosen and not kept:
                faults.append(f"group {group!r} has no trainable parameter; name it under freeze")
            members.append(Group(group, kept, frozen=group in freeze))
        for name, parameter in named:
            if parameter.requires_grad and id(parameter) not in taken:
                taken[id(parameter)] = ("", name)
                faults.append(
                    f"parameter {name!r} is in no group; add a pattern that matches it to one of "
                    f"{', '.join(patterns) or 'the groups'}, or freeze it"
                )
        refuse(faults, "groups don't partition the parameters:")
        for group_ in members:
            for parameter in group_.tensors():
                if group_.frozen:
                    parameter.requires_grad_(False)
        return cls(tuple(members), module)


def instead(word: str, names: Collection[str]) -> str:
    """A half sentence that helps with an unknown group."""
    return nearest(word, names, f"there are: {', '.join(names)}")


def top_level(named: Sequence[tuple[str, nn.Parameter]]) -> list[str]:
    """The first parts of the names, each once, in order."""
    return list(dict.fromkeys(name.split(".")[0] for name, _ in named))

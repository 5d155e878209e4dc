"""Options of a plugin that stand on the command line, without a spec around them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stq.errors import Problem, SpecError
from stq.spec._explain import place
from stq.spec._node import Node
from stq.spec._overrides import apply_override
from stq.spec._source import Source, Span


@dataclass(frozen=True)
class GivenOptions:
    """Options by name, as a spec would hold them, which know the arguments that they come from."""

    root: Node

    @property
    def values(self) -> Mapping[str, object]:
        """Plain values, lists as tuples."""
        content = self.root.content
        return {key: child.plain() for key, child in content.items()} if isinstance(content, dict) else {}

    def located(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems that know only the option, shown in its argument."""
        return tuple(
            place(self.root, each.path, each.message, each.hint, each.on)
            if self.root.nearest(each.path) is not self.root
            else each
            for each in problems
        )


def parse_options(arguments: Sequence[str]) -> GivenOptions:
    """`OPTION=VALUE`, each value read as in a spec. Raises SpecError, all mistakes at once, each at its argument."""
    root = Node({}, Span(Source("--set", "", is_argument=True), 0, 0, 0))
    problems: list[Problem] = []
    for argument in arguments:
        try:
            problems += apply_override(root, argument)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return GivenOptions(root)

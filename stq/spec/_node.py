"""The spec's text as a tree that remembers where every key and value stands."""

from dataclasses import dataclass

from stq.spec._scalars import Scalar
from stq.spec._source import Span

Path = tuple[str | int, ...]


@dataclass
class Node:
    """A value and the places of it and of the key that leads to it (None for list items and the root)."""

    content: "Scalar | list[Node] | dict[str, Node]"
    value_span: Span
    key_span: Span | None = None
    variables: tuple[str, ...] = ()
    """Environment variables that the value is made of."""

    def plain(self) -> object:
        """The value without places; lists come as tuples, as the models hold them."""
        if isinstance(self.content, dict):
            return {key: child.plain() for key, child in self.content.items()}
        if isinstance(self.content, list):
            return tuple(child.plain() for child in self.content)
        return self.content

    def child(self, step: str | int) -> "Node | None":
        """The entry under a key or an index."""
        if isinstance(self.content, dict) and isinstance(step, str):
            return self.content.get(step)
        if isinstance(self.content, list) and isinstance(step, int) and 0 <= step < len(self.content):
            return self.content[step]
        return None

    def nearest(self, path: Path) -> "Node":
        """The node at the path. Steps that the text doesn't have are passed over.

        So a missing key is shown at what it is missing from, an entry of a list that was written as a single value at
        that value, and a loss's option, which stands beside its `loss`, is found under `options` too.
        """
        node = self
        for step in path:
            node = node.child(step) or node
        return node

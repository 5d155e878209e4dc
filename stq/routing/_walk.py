"""The one walk over the graph of a step."""

from collections.abc import Iterable, Iterator

from torch import Tensor
from torch.autograd.graph import Node


def nodes_below(roots: Iterable[Tensor], but: Iterable[Tensor] = ()) -> Iterator[Node]:
    """Every node that a backward of `roots` could visit, once; what lies below `but` alone is not walked."""
    seen: set[Node | None] = {None, *(tensor.grad_fn for tensor in but)}
    waiting = [root.grad_fn for root in roots]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            waiting += [before for before, _ in node.next_functions]


def leaf_of(node: Node | None) -> Tensor | None:
    """The leaf that a node accumulates into; None for any other node."""
    leaf = getattr(node, "variable", None)
    return leaf if isinstance(leaf, Tensor) else None


def leaves_below(roots: Iterable[Tensor], but: Iterable[Tensor] = ()) -> Iterator[Tensor]:
    """Every leaf that a backward of `roots` could give a gradient; a root can be one itself."""
    roots = list(roots)
    yield from (root for root in roots if root.grad_fn is None and root.requires_grad)
    yield from (leaf for node in nodes_below(roots, but) if (leaf := leaf_of(node)) is not None)

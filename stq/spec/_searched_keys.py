"""Whether the keys that a search is to vary are keys of the spec."""

from collections.abc import Iterable, Iterator

from stq.errors import Problem, nearest
from stq.spec._explain import dotted, place
from stq.spec._fields import GATHERED, field_names, takes_options
from stq.spec._node import Node


def searched_keys(keys: Iterable[str], root: Node) -> Iterator[Problem]:
    """A problem for every key of `tune.over` that no section has.

    Where plugins have a say (the options of a loss, a metric or a model), or an item of a list is named, it is
    `stq tune` that finds out.
    """
    for key in keys:
        steps = tuple(key.split("."))
        for depth, step in enumerate(steps):
            above = steps[:depth]
            known = tuple(name for name in field_names(above) if name not in (GATHERED, "tune"))
            if not known or takes_options(above):
                break
            if step not in known:
                under = f" under {dotted(above)}" if above else ""
                hint = nearest(step, known, f"the keys there are {', '.join(known)}")
                yield place(root, ("tune", "over", key), f'unknown key "{step}"{under}', hint, "key")
                break

"""Parameters of two groups on one memory."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stq.routing._plan import Plan
from stq.routing.audit._gradients import Named
from stq.routing.audit._verdicts import Fault


@dataclass(frozen=True, eq=False)
class Span:
    """Where a parameter lies: the address of its first byte, and of the first one behind it."""

    start: int
    end: int
    group: str
    name: str
    parameter: nn.Parameter


def shared_memory(plan: Plan, outsiders: Named) -> list[Fault]:
    """Leaks through memory: two parameters, in two groups, on the same bytes. A step of one moves the other.

    One parameter under two names is refused when the groups are made. Views of one flat buffer that lie side by side
    share nothing.
    """
    owned = [(group.name, name, parameter) for group in plan.groups for name, parameter in group.parameters]
    owned += [("no group", name, parameter) for name, parameter in outsiders]
    faults: list[Fault] = []
    before: list[Span] = []
    spans = [span_of(*each) for each in owned if each[2].data_ptr() > 0]  # an empty one lies nowhere
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        before = [other for other in before if other.end > span.start]
        faults += [
            (
                "leak",
                f"{span.name} ({span.group}) and {other.name} ({other.group}) share their memory: a step of one moves "
                f"the other; make them one parameter, or copy",
            )
            for other in before
            if other.group != span.group and overlap(span.parameter, other.parameter)
        ]
        before.append(span)
    return faults


def span_of(group: str, name: str, parameter: nn.Parameter) -> Span:
    """The bytes from the first element to the last, whatever the strides."""
    last = sum((size - 1) * abs(stride) for size, stride in zip(parameter.shape, parameter.stride(), strict=True))
    start = parameter.data_ptr()
    return Span(start, start + (last + 1) * parameter.element_size(), group, name, parameter)


def overlap(a: nn.Parameter, b: nn.Parameter) -> bool:
    """Whether two parameters whose spans overlap have a byte in common: columns of one matrix may lie in between."""
    if a.is_contiguous() and b.is_contiguous():
        return True
    return bool(torch.isin(addresses(a), addresses(b)).any())


def addresses(parameter: nn.Parameter) -> Tensor:
    """The addresses of all bytes of a parameter."""
    where = torch.zeros((), dtype=torch.int64)
    for size, stride in zip(parameter.shape, parameter.stride(), strict=True):
        where = where.unsqueeze(-1) + stride * torch.arange(size)
    each = parameter.data_ptr() + parameter.element_size() * where.flatten()
    return (each[:, None] + torch.arange(parameter.element_size())).flatten()

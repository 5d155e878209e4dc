"""Frozen groups in the forward pass: their buffers and dropout hold still as well."""

from torch import nn

from stq.routing._groups import Groups


def hold_frozen(module: nn.Module, groups: Groups) -> None:
    """Put every part of `module` whose parameters all belong to frozen groups into evaluation mode.

    A group without gradients still moves in training mode: batch normalisation updates its running statistics in the
    forward pass, and dropout draws masks, which would make the features of a finished network noise again. A part
    without parameters of its own follows the part that it stands in. To be called after `module.train()`.
    """
    frozen = {id(parameter) for group in groups if group.frozen for parameter in group.tensors()}
    if frozen:
        _hold(module, frozen)


def _hold(module: nn.Module, frozen: set[int]) -> None:
    own = [id(parameter) for parameter in module.parameters()]
    if own and frozen.issuperset(own):
        module.eval()
        return
    for child in module.children():
        _hold(child, frozen)

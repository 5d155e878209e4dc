"""How several processes share a training, and why some ways are not offered."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from stq.spec._section import Mistake, Section
from stq.spec._types import Flag, OneOf

REFUSED = {
    "fsdp": "FSDP shards parameters behind flat buffers, where a backward pass confined to some of them finds none",
    "deepspeed": "DeepSpeed replaces the backward pass, and the routing with it",
    "model_parallel": "FSDP2 shards parameters into tensors that a backward pass confined to some of them leaves empty",
    "ddp_spawn": "it carries a copy of everything into new processes, and neither its observers nor its errors back; "
    "ddp starts the same command again instead",
    "ddp_notebook": "a fork of a process whose threads have begun hangs",
    "ddp_fork": "a fork of a process whose threads have begun hangs",
}
"""By what Lightning calls them; variants such as deepspeed_stage_2 begin alike."""


def say_why_not(value: object) -> object:
    """A strategy that would bypass the routing, or lose a run's words, is refused with its reason."""
    if not isinstance(value, str):
        return value
    reason = next((reason for name, reason in REFUSED.items() if value.lower().startswith(name)), None)
    if reason is not None:
        raise Mistake(f"stq does not train under {value}: {reason}", hint="strategy: ddp").as_error()
    if value.startswith("ddp_find_unused_parameters"):
        hint = "strategy: ddp, and trainer.ddp: {find_unused_parameters: true}"
        raise Mistake("unused parameters are looked for where trainer.ddp says so", hint=hint).as_error()
    if "static_graph" in value:
        message = "DDP with a static graph never reduces the gradients of several backward passes over the processes"
        raise Mistake(message, hint="strategy: ddp").as_error()
    return value


Strategy = Annotated[Literal["auto", "ddp"], OneOf(), BeforeValidator(say_why_not)]


class DdpSpec(Section):
    """What DistributedDataParallel is told. A static graph is not offered: it leaves routed gradients unreduced."""

    find_unused_parameters: Flag = False
    """Whether to look, in every step, for parameters that this process's batch does not reach; for networks whose
    paths depend on the data; default false."""
    gradient_as_bucket_view: Flag = False
    """Whether gradients lie in the buffers that are sent, which saves their size in memory; default false."""

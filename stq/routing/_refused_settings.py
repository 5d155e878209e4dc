"""What Lightning can be asked for that routing can't honour. Told by names: this package doesn't import Lightning."""

from collections.abc import Iterator
from typing import Any

from stq.routing._engines import ENGINES
from stq.routing._router import Router

SHARDED = {
    "FSDPStrategy": "FSDP",
    "XLAFSDPStrategy": "FSDP",
    "ModelParallelStrategy": "model parallelism (FSDP2)",
}


def refused_settings(module: Any, trainer: Any) -> Iterator[str]:
    """The settings of a Lightning module and its trainer under which isolation would be lost, each with a remedy.

    `trainer` may be None, where there is none yet.
    """
    if not module.automatic_optimization:
        yield (
            "manual optimisation (automatic_optimization = False) leaves no place to route: keep it True and return "
            "router.total(losses) from training_step; in a loop of your own, without a Trainer, call router.backward"
        )
    if getattr(module, "_compiler_ctx", None) is not None:
        yield (
            "the whole LightningModule is compiled, so that a pass can't leave out a part of the network and None "
            "becomes zeros: pass the module itself to the Trainer and compile parts of it, with module.compile() on "
            "each one whose parameters share a class"
        )
    strategy = getattr(trainer, "strategy", None)
    names = {base.__name__ for base in type(strategy).__mro__}
    use = "use ddp, or one device"
    for name in sorted(names & SHARDED.keys()):
        yield f"{SHARDED[name]} shards the parameters, and a pass for some of them silently gives None: {use}"
    if "DeepSpeedStrategy" in names:
        yield f"DeepSpeed runs its own backward in place of the module's, so that nothing would be routed: {use}"
    if "DDPStrategy" in names:
        yield from refused_in_ddp(module, strategy)


def refused_in_ddp(module: Any, strategy: Any) -> Iterator[str]:
    """The same, of DistributedDataParallel: by what Lightning will build it with, and what it was built as."""
    planned = getattr(strategy, "_ddp_kwargs", {}).get("static_graph", False)
    if planned or getattr(getattr(strategy, "model", None), "static_graph", False):
        yield (
            "DDP with static_graph=True counts on one backward in a step and leaves gradients unreduced without a "
            "word: leave it out (find_unused_parameters and gradient_as_bucket_view are fine)"
        )
    router = getattr(module, "router", None)
    if isinstance(router, Router) and router.engine is ENGINES["save-restore"]:
        yield (
            "the engine save-restore touches parameters more than once in a step, which DDP takes for an error: "
            "choose pruned, whose gradients are the same bits"
        )

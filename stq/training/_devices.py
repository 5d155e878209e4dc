"""What there is to compute on."""

from pytorch_lightning.accelerators import Accelerator, CUDAAccelerator, MPSAccelerator, XLAAccelerator

from stq.spec import TrainerSpec

_KINDS: dict[str, type[Accelerator]] = {"tpu": XLAAccelerator, "mps": MPSAccelerator, "cuda": CUDAAccelerator}
"""The fastest first, in Lightning's own order."""


def device_of(accelerator: str) -> str | None:
    """The kind of device that Lightning takes for `accelerator`: tpu, mps, cuda or cpu; None where there is no such."""
    kinds = {"auto": ("tpu", "mps", "cuda", "cpu"), "gpu": ("mps", "cuda")}.get(accelerator, (accelerator,))
    return next((kind for kind in kinds if kind == "cpu" or _KINDS[kind].is_available()), None)


def devices_of(settings: TrainerSpec) -> int:
    """How many devices of this machine the spec asks for: one process each."""
    return (devices_there(settings.accelerator) or 1) if settings.devices == "auto" else settings.devices


def devices_there(accelerator: str) -> int | None:
    """How many processes this machine can hold, each with a device of its own; None for any number, on a CPU."""
    kind = device_of(accelerator)
    return CUDAAccelerator.auto_device_count() if kind == "cuda" else 1 if kind in ("mps", "tpu") else None

"""What there is to compute on."""

from pytorch_lightning.accelerators import Accelerator, CUDAAccelerator, MPSAccelerator, XLAAccelerator

_KINDS: dict[str, type[Accelerator]] = {"tpu": XLAAccelerator, "mps": MPSAccelerator, "cuda": CUDAAccelerator}
"""The fastest first, in Lightning's own order."""


def device_of(accelerator: str) -> str | None:
    """The kind of device that Lightning takes for `accelerator`: tpu, mps, cuda or cpu; None where there is no such."""
    kinds = {"auto": ("tpu", "mps", "cuda", "cpu"), "gpu": ("mps", "cuda")}.get(accelerator, (accelerator,))
    return next((kind for kind in kinds if kind == "cpu" or _KINDS[kind].is_available()), None)

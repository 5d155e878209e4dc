"""Whether this machine can compute as the spec says."""

from stq.errors import SpecError
from stq.spec import LoadedSpec
from stq.training import device_of, devices_of, devices_there


def refuse_missing_device(loaded: LoadedSpec) -> None:
    """Raises SpecError, located, where there is no such device, there are too few, or it can't do the arithmetic."""
    trainer = loaded.spec.trainer
    device = device_of(trainer.accelerator)
    if device is None:
        message = f"this machine has no {trainer.accelerator} to compute on"
        raise SpecError([loaded.problem(("trainer", "accelerator"), message, "set accelerator: auto, or cpu")])
    if device == "cpu" and trainer.precision == "16-mixed":
        message = "16-mixed needs a GPU, and this would run on the CPU (where Lightning takes bf16 in its place)"
        raise SpecError([loaded.problem(("trainer", "precision"), message, "set precision: bf16-mixed, or 32-true")])
    wanted, there = devices_of(trainer), devices_there(trainer.accelerator)
    if there is not None and wanted > there:
        message = f"{wanted} devices are asked for, and stq finds {there} to compute on"
        hint = f"set devices: {there}, or accelerator: cpu"
        raise SpecError([loaded.problem(("trainer", "devices"), message, hint)])
    if (
        wanted * trainer.num_nodes > 1 and loaded.spec.routing.engine == "save-restore"
    ):  # `auto` means several only here
        message = f"save-restore works in one process, and devices: {trainer.devices} means {wanted}"
        raise SpecError([loaded.problem(("routing", "engine"), message, "set engine: pruned, the same gradients")])

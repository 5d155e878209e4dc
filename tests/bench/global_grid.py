"""A field of 1440 x 721, forty years of days, on 1 to 64 GPUs: a model, not a measurement.

What is assumed beside the data sheets: convolutions reach COMPUTE_SHARE of the peak, everything else MEMORY_SHARE of
the bandwidth; an operation takes 5 us to start; the operations of eager torch, those of a CPU, none fused; a ring
all-reduce of the gradients in 32 bits, of which nothing is hidden behind the backward pass, and LATENCY for each of its
turns; nodes of 8 GPUs with one link of the network each, 200 Gb/s beside A100s and 400 Gb/s beside H100s; every GPU
takes one whole field in a step, or as many pixels in patches; data are there in time.
"""

import math

import torch
from counted_step import Op, ops_of
from machine_model import Machine, flops_of, predicted
from made_step import CHANNELS, VARIABLES, StepSize, module_of, step_of
from peak_memory import peak_bytes

PIXELS, FRAMES, TRAIN = 1440 * 721, 14_610, 0.7
SIDES = (24, 48)
"""Of the fields on which the operations of the global grid are counted."""
GPUS = (1, 2, 4, 8, 16, 32, 64)
NETWORKS = {"[24], the default": (24,), "[64, 64]": (64, 64)}

GBIT = 1e9 / 8
A100, H100 = "A100 SXM 80 GB", "H100 SXM"
SHEETS = {
    # NVIDIA A100 Tensor Core GPU data sheet: TF32 156, BF16 312 TFLOP/s dense, 2,039 GB/s, NVLink 600 GB/s both ways.
    (A100, "TF32"): Machine(A100, 156e12, 2.039e12, 2.039e12, 5e-6, 300e9, 200 * GBIT),
    (A100, "BF16"): Machine(A100, 312e12, 2.039e12, 2.039e12, 5e-6, 300e9, 200 * GBIT),
    (A100, "FP32"): Machine(A100, 19.5e12, 2.039e12, 2.039e12, 5e-6, 300e9, 200 * GBIT),
    # NVIDIA H100 Tensor Core GPU data sheet, SXM: TF32 989, BF16 1,979 TFLOP/s with sparsity, half of it dense; FP32
    # 67; 3.35 TB/s, NVLink 900 GB/s both ways.
    (H100, "TF32"): Machine(H100, 494.5e12, 3.35e12, 3.35e12, 5e-6, 450e9, 400 * GBIT),
    (H100, "BF16"): Machine(H100, 989.5e12, 3.35e12, 3.35e12, 5e-6, 450e9, 400 * GBIT),
    (H100, "FP32"): Machine(H100, 67e12, 3.35e12, 3.35e12, 5e-6, 450e9, 400 * GBIT),
}

COMPUTE_SHARE, MEMORY_SHARE = 0.4, 0.7
"""Assumed: what convolutions of few channels reach of the peak, and operations of the bandwidth."""
LATENCY, NODE = 15e-6, 8
"""Assumed: seconds of each of the 2 (n - 1) turns of a ring; GPUs in a node."""
PASSES = 2
"""Exchanges of a step that wait for all: sizes and losses before the backward pass, gradients after it."""


def on_paper(hidden: tuple[int, ...], core: float) -> dict[str, object]:
    """The global grid: one field on each GPU in a step; or as many pixels in patches, which cost the same."""
    size = StepSize(batch=1, hidden=hidden)
    parameters = sum(parameter.numel() for parameter in module_of(size).parameters())
    counted = {(again, low): enlarged(hidden, again, low) for again in (False, True) for low in (False, True)}
    memory = {name: peak_of(hidden, again) for name, again in (("kept", False), ("checkpointed", True))}
    seconds, bounds, again = {}, {}, {}
    for (name, precision), machine in SHEETS.items():
        shares = {"compute": COMPUTE_SHARE, "memory": MEMORY_SHARE}
        ops = counted[False, precision == "BF16"]
        bounds[f"{name}, {precision}"] = predicted(ops, machine)
        seconds[f"{name}, {precision}"] = predicted(ops, machine, **shares)
        again[f"{name}, {precision}"] = predicted(counted[True, precision == "BF16"], machine, **shares)
    sample = bytes_of_sample(size) / size.pixels * PIXELS
    windows, rows = int(FRAMES * TRAIN), []
    for gpus in GPUS:
        for (name, precision), machine in SHEETS.items():
            key = f"{name}, {precision}"
            talk = communication(gpus, 4 * parameters, machine)
            step = seconds[key] + talk
            rows.append(
                {
                    "gpus": gpus,
                    "machine": key,
                    "minutes_per_epoch": math.ceil(windows / gpus) * step / 60,
                    "communication": talk / seconds[key],
                    "communication_ms": 1000 * talk,
                    "loader_gb_per_second_and_gpu": sample / step / 1e9,
                    "cores_per_gpu": sample / step / core,
                }
            )
    flops = flops_of(size) / size.pixels * PIXELS
    return {
        "parameters": parameters, "flops": flops, "memory": memory, "bytes_of_sample": sample,
        "counted_bytes": {"32": sum(op.bytes for op in counted[False, False]),
                          "bf16": sum(op.bytes for op in counted[False, True])},
        "bounds": bounds, "seconds": seconds, "checkpointed_seconds": again, "rows": rows, "gb_per_core": core / 1e9,
    }  # fmt: skip


def enlarged(hidden: tuple[int, ...], again: bool, low: bool) -> list[Op]:
    """The operations of a step on one field of PIXELS, each along the line through those on two small fields."""
    small, large = (StepSize(side=side, batch=1, hidden=hidden, checkpoint=again) for side in SIDES)
    pairs = zip(counted_of(small, low), counted_of(large, low), strict=True)
    share = (PIXELS - small.pixels) / (large.pixels - small.pixels)
    return [
        Op(a.name, a.flops + share * (b.flops - a.flops), a.bytes + share * (b.bytes - a.bytes), math.nan)
        for a, b in pairs
    ]


def counted_of(size: StepSize, low: bool) -> list[Op]:
    """The operations of a second step, when the optimiser has its state."""
    step = step_of(size, autocast=low)
    step()
    return ops_of(step)


def peak_of(hidden: tuple[int, ...], again: bool) -> float:
    """Bytes that a step on one field of PIXELS holds at once, along the line through two small fields."""
    small, large = (StepSize(side=side, batch=1, hidden=hidden, checkpoint=again) for side in SIDES)
    peaks = []
    for size in (small, large):
        step = step_of(size)
        step()
        peaks.append(peak_bytes(step, torch.device("cpu")))
    return peaks[0] + (PIXELS - small.pixels) / (large.pixels - small.pixels) * (peaks[1] - peaks[0])


def communication(gpus: int, nbytes: float, machine: Machine) -> float:
    """Seconds that a step waits for others: a ring all-reduce, none of it hidden behind the backward pass.

    Each GPU sends and receives 2 (n - 1) / n of the gradients, in 2 (n - 1) turns. A ring over nodes goes as fast as
    the network between two of them. The small exchange before the backward pass is turns alone.
    """
    if gpus == 1:
        return 0.0
    speed = machine.link if gpus <= NODE else min(machine.link, machine.network)
    return 2 * (gpus - 1) / gpus * nbytes / speed + PASSES * 2 * (gpus - 1) * LATENCY


def bytes_of_sample(size: StepSize) -> float:
    """What the loader makes for one sample: inputs, base, values, their mask and offset, location, weight, time."""
    maps = size.horizons * VARIABLES
    return 4.0 * size.pixels * (size.history * CHANNELS + VARIABLES + 2 * maps + maps / 4 + 2 + 1) + 8


def page(name: str, found: dict[str, object]) -> str:
    """The tables of one network."""
    memory = found["memory"]
    touched = {key: nbytes / 1e9 for key, nbytes in found["counted_bytes"].items()}
    lines = [
        f"\nA MODEL, NOT A MEASUREMENT: hidden {name}, one field of 1440 x 721 on each GPU in a step: "
        f"{found['parameters']:,} parameters, {found['flops'] / 1e12:.2f} TFLOP, {touched['32']:.0f} GB touched "
        f"({touched['bf16']:.0f} under bf16), {memory['kept'] / 1e9:.1f} GB held at once "
        f"({memory['checkpointed'] / 1e9:.1f} with checkpoint_activations), "
        f"{found['bytes_of_sample'] / 1e6:.0f} MB from the loader\n",
        "| | step at the roofline | step assumed | recomputing | " + " | ".join(f"{n} GPU" for n in GPUS) + " |",
        "|---|---|---|---|" + "---|" * len(GPUS),
    ]
    for key in found["seconds"]:
        rows = [row for row in found["rows"] if row["machine"] == key]
        again = found["checkpointed_seconds"][key] / found["seconds"][key]
        lines.append(
            f"| {key} | {1000 * found['bounds'][key]:.0f} ms | {1000 * found['seconds'][key]:.0f} ms | {again:.2f} | "
            + " | ".join(f"{row['minutes_per_epoch']:.2f} min, {row['communication']:.1%}" for row in rows)
            + " |"
        )
    worst = max(found["rows"], key=lambda row: row["cores_per_gpu"])
    lines.append(
        f"\nloader: {worst['loader_gb_per_second_and_gpu']:.1f} GB/s for each GPU at most ({worst['machine']}), "
        f"{worst['cores_per_gpu']:.0f} cores at {found['gb_per_core']:.1f} GB/s each"
    )
    return "\n".join(lines)

"""What tests/bench/convlstm.py writes for people: tables, the targets, and a picture."""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

STYLES = {"stq": ("#009e73", "o"), "torchgeo": ("#cc79a7", "x"), "hoisted": ("#d55e00", "s")}


def written(document: Mapping[str, Any], targets: Mapping[str, float]) -> str:
    """Markdown: a table for each of the three questions, what was promised, and the curve of checkpointing."""
    where, rows = document["conditions"], document["rows"]
    parts = [
        f"{where['device']}, {where['threads']} thread, torch {where['torch']}, {where['clock']} clock, load"
        f" {where['load']:.1f}; torch.mm {where['gflops_fp32']:.0f} GFLOP/s in 32 bits, {where['gflops_bf16']:.0f} in"
        f" bf16; {where['inputs']} input channels, kernel {where['kernel']}.",
        *where["missing"],
    ]
    for name in dict.fromkeys(row["table"] for row in rows):
        chosen = [row for row in rows if row["table"] == name]
        forms = list(dict.fromkeys(row["form"] for row in chosen))
        lines = [f"| {name} | " + " | ".join(forms) + " |", "|---" * (len(forms) + 1) + "|"]
        for size in dict.fromkeys(row["size"] for row in chosen):
            lines.append(f"| {size} | " + " | ".join(cell(row) for row in chosen if row["size"] == size) + " |")
        parts.append("\n".join(lines))
    parts += [promise for form, target in targets.items() if (promise := kept(rows, form, target))]
    lines = ["| steps | time with checkpoint_activations, ratio | peak without, MiB | with |", "|---|---|---|---|"]
    lines += [
        f"| {row['steps']} | {row['time_ratio']:.2f} | {row['kept_mib']:.0f} | {row['again_mib']:.0f} |"
        for row in document["checkpointing"]
    ]
    return "\n\n".join([*parts, "\n".join(lines)]) + "\n"


def cell(row: Mapping[str, Any]) -> str:
    """Ratio, or milliseconds for what ratios are to; peak memory; share of the machine's peak."""
    told = f"{row['ms']:.0f} ms" if row["form"] == "conv-lstm" or row["ratio"] is None else f"**{row['ratio']:.2f}**"
    return f"{told}, {row['peak_mib']:.0f} MiB, {row['share_of_peak']:.0%}"


def kept(rows: list[Mapping[str, Any]], table: str, target: float) -> str:
    """The median and the worst ratio of stq to eager conv-lstm, beside what they should be."""
    form = "stq" if table == "eager" else f"stq, {table}"
    ratios = [r["ratio"] for r in rows if (r["table"], r["form"]) == (table, form) and r["ratio"] is not None]
    if not ratios:
        return ""
    middle, most = statistics.median(ratios), max(ratios)
    return (
        f"{form}: {middle:.2f} of conv-lstm, eager, in the median over sizes (target <= {target}), {most:.2f} at most"
        " (target <= 1)."
    )


def plot(document: Mapping[str, Any], path: Path) -> None:
    """Left, time by size; right, memory over steps with and without checkpointing."""
    rows = [row for row in document["rows"] if row["table"] == "eager"]
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5.4), width_ratios=(2, 1))
    left.axhline(1.0, color="#666666", linewidth=1, label="conv-lstm")
    for form, (colour, marker) in STYLES.items():
        points = [(sizes.index(row["size"]), row["ratio"]) for row in rows if row["form"] == form]
        there = [(x, y) for x, y in points if y is not None]
        if there:
            left.plot(*zip(*there, strict=True), marker, color=colour, label=form)
    left.set_xticks(range(len(sizes)), sizes, rotation=60, ha="right", fontsize=8)
    left.set_ylabel("time, forward and backward / conv-lstm (1)")
    left.set_xlabel("cells, hidden channels, steps, batch")
    left.grid(axis="y", alpha=0.3)
    left.legend(frameon=False)
    curve = document["checkpointing"]
    steps = [row["steps"] for row in curve]
    right.plot(steps, [row["kept_mib"] for row in curve], "o-", color="#0072b2", label="all activations kept")
    right.plot(steps, [row["again_mib"] for row in curve], "s-", color="#e69f00", label="checkpoint_activations")
    right.set_xlabel("steps of history (1)")
    right.set_ylabel("peak memory of a step (MiB)")
    right.set_ylim(bottom=0)
    right.grid(alpha=0.3)
    right.legend(frameon=False)
    where = document["conditions"]
    title = f"{where['device']}, {where['threads']} thread, torch {where['torch']}"
    figure.suptitle(title, fontsize=9, x=0.01, ha="left")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)

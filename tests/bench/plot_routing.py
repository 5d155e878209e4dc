"""The benchmark's picture: one column of panels for each table of routes, time above, memory below."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

STYLES = {
    "joint": ("#666666", "_"),
    "detach": ("#0072b2", "v"),
    "pruned": ("#009e73", "o"),
    "save-restore": ("#d55e00", "s"),
    "torchjd": ("#cc79a7", "x"),
}


def plot(document: Mapping[str, Any], path: Path) -> None:
    """Ratios to `joint` by size of the network; colours that the colour-blind can tell apart."""
    rows = document["rows"]
    tables = list(dict.fromkeys(row["table"] for row in rows))
    widths = [len({(row["layers"], row["hidden"]) for row in rows if row["table"] == table}) for table in tables]
    figure, axes = plt.subplots(
        2, len(tables), figsize=(13, 6.2), sharex="col", sharey="row", squeeze=False, width_ratios=widths
    )
    for column, table in enumerate(tables):
        chosen = [row for row in rows if row["table"] == table]
        sizes = list(dict.fromkeys(f"{row['layers']} x {row['hidden']}" for row in chosen))
        for line, key in enumerate(("step_ratio", "peak_ratio")):
            panel = axes[line][column]
            panel.axhline(1.0, color="#666666", linewidth=1)
            for method, (colour, marker) in STYLES.items():
                points = [(f"{r['layers']} x {r['hidden']}", r[key]) for r in chosen if r["method"] == method]
                if points and method != "joint":
                    places, values = [sizes.index(size) for size, _ in points], [value for _, value in points]
                    panel.plot(places, values, marker, color=colour, label=method, markersize=7)
            panel.set_xticks(range(len(sizes)), sizes, rotation=60)
            panel.set_xlim(-0.6, len(sizes) - 0.4)
            panel.grid(axis="y", alpha=0.3)
        passes = chosen[0]["passes"]
        axes[0][column].set_title(f"{table}\n{passes} passes", fontsize=10)
        axes[1][column].set_xlabel("layers x hidden channels")
    axes[0][0].set_ylabel("time of a step / joint (1)")
    axes[1][0].set_ylabel("peak memory / joint (1)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=4, frameon=False)
    where = document["conditions"]
    title = f"{where['device']}, {where['threads']} thread, precision {where['precision']}, torch {where['torch']}"
    figure.suptitle(title, fontsize=9, x=0.01, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.96))
    figure.savefig(path, dpi=100)
    plt.close(figure)

"""How a step grows: time above, peak memory below, a column for each axis."""

from collections.abc import Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

TIME, MEMORY, FITTED = "#0072b2", "#d55e00", "#000000"
UPPER = 4
"""Points that the exponents are fitted to, as in `growth.py`."""


def plot(document: Mapping[str, Any], path: Path) -> None:
    """Logarithmic on both axes, so that a power is a line; the dashed one has the fitted exponent."""
    axes = document["axes"]
    figure, panels = plt.subplots(2, len(axes), figsize=(2.3 * len(axes), 5.6), squeeze=False, sharex="col")
    for column, found in enumerate(axes.values()):
        rows, xs = found["rows"], [row["number"] for row in found["rows"]]
        for line, (key, colour) in enumerate((("ms", TIME), ("peak_mib", MEMORY))):
            panel, ys = panels[line][column], [row[key] for row in rows]
            slope, error = found["exponents"][key]
            panel.loglog(xs, ys, "o-", color=colour, markersize=4, linewidth=1)
            upper = list(zip(xs, ys, strict=True))[-UPPER:]
            x0, y0 = (geometric_mean(values) for values in zip(*upper, strict=True))
            panel.loglog([x for x, _ in upper], [y0 * (x / x0) ** slope for x, _ in upper], "--", color=FITTED)
            panel.set_title(f"exponent {slope:.2f} ± {error:.2f}", fontsize=9)
            low, high = min(ys), max(ys)
            panel.set_ylim(low / 2, high * 2)
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 20 * low else (1,), numticks=12))
            panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            panel.yaxis.set_minor_formatter(NullFormatter())
            panel.grid(alpha=0.3)
        few = xs if len(xs) <= 5 else xs[::2]
        panels[1][column].xaxis.set_major_locator(FixedLocator(few))
        panels[1][column].xaxis.set_minor_locator(NullLocator())
        panels[1][column].xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
        panels[1][column].xaxis.set_minor_formatter(NullFormatter())
        panels[1][column].tick_params(axis="x", labelrotation=60)
        panels[1][column].set_xlabel(found["unit"].replace(" with ", "\nwith ").replace(", of", ",\nof"), fontsize=9)
    panels[0][0].set_ylabel("time of a step\n(ms of the process)")
    panels[1][0].set_ylabel("peak memory of a step\n(MiB)")
    where = document["conditions"]
    machine = f"{where['device']}, {where['threads']} thread, torch {where['torch']}"
    title = f"{machine}; dashed: the power fitted to the upper four points"
    figure.suptitle(title, fontsize=9, x=0.01, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    figure.savefig(path, dpi=100)
    plt.close(figure)

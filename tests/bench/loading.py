"""How many samples a second the loader hands out, and what they cost beside the step that uses them.

Through what a training makes itself: the data of the spec, `Loaders`, its batches. Each form of the data (NetCDF in
memory, NetCDF and Zarr read window by window, a packed store) with 0, 1 and 2 workers makes its passes in turn, round
by round, and a step of training is timed in the same round. Samples a second are of the wall, with nobody but this
process waiting for them; the cost of a sample is in seconds of the processors, of this process and of its workers.

A ratio of supply is how many times faster windows are loaded than a step uses them up, both in seconds of a processor:
below 1 the data are the bottleneck, and the command fails where that is so under the spec's own settings.

Cold: the files are dropped from the system's cache (posix_fadvise after fsync, looked after by mincore), opened anew,
and read in one pass; warm is the pass after it. What a disk or a host keeps below the system is not dropped.

Run: make bench-loading, some 8 minutes. Pinned memory is measured where there is a GPU.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from loading_forms import FORMS, IN_MEMORY, LARGE, forms, write_made_up
from loading_passes import WORKERS, Pass, cold_and_warm, in_pieces, loader_of, pinned, stepper
from paired_times import name_of, ratio

from stq.app._assembly import assemble
from stq.spec import load_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
PIECES = "in memory, a batch in eight pieces"
SPECS = (EXAMPLES / "nasa.yaml", EXAMPLES / "mediterranean.yaml")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, nargs="*", default=SPECS)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--large", type=int, default=40, metavar="FRAMES", help="of the made-up store; 0: without it")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.4, help="of the passes of each in a round, at least")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-loading/loading.json"))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    conditions = {
        "device": name_of(torch.device("cpu")), "cores": os.cpu_count(), "threads": 1, "torch": torch.__version__,
        "load": os.getloadavg()[0], "rounds": chosen.rounds,
    }  # fmt: skip
    found, short = {}, []
    with tempfile.TemporaryDirectory() as folder:
        texts = {path.stem: (path, chosen.overrides) for path in chosen.spec}
        if chosen.large:
            path = Path(folder) / "large.yaml"
            path.write_text(LARGE.format(source=write_made_up(Path(folder) / "archive.nc", chosen.large)))
            texts["made-up"] = (path, [])
        for name, (path, overrides) in texts.items():
            own = Path(folder) / name
            own.mkdir()
            found[name] = bench(path, overrides, own, chosen)
            print(page(name, found[name]))
            if found[name]["supply"] < 1:
                short.append(name)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    conditions["load after"] = os.getloadavg()[0]
    document = json.dumps({"conditions": conditions, "specs": found}, indent=1)
    chosen.out.write_text(document + "\n", encoding="utf-8")
    short = [name for name in short if name != "made-up"]  # it is there to show where data are too slow
    if short:
        raise SystemExit(f"the data are the bottleneck: {', '.join(short)}")


def bench(path: Path, overrides: Sequence[str], folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """All that is measured of one spec."""
    rounds, made = chosen.rounds, forms(path, overrides, folder, chosen.forms)
    own = assemble(load_spec(path, [*overrides]))  # as the spec says: the form and the workers to be judged
    passes = [
        Pass(form, workers, experiment, loader_of(experiment, workers))
        for form, (experiment, _) in made.items()
        for workers in sorted(chosen.workers, reverse=True)  # forked off before this process opens the files for itself
    ]
    passes.append(Pass(PIECES, 1, own, in_pieces(own)))
    passes.append(Pass("the spec's own", own.loaded.spec.data.workers, own, own.loaders.train_dataloader()))
    for each in passes:
        each.run(0)  # workers start, files are opened
        each.forget()
    step, steps = stepper(own), list[float]()
    for _ in range(rounds):
        for each in passes:
            each.run(chosen.seconds)
        steps.append(step())
    base = next((each for each in passes if (each.form, each.workers) == (IN_MEMORY, 0)), passes[-1])
    rows = [
        {
            "form": each.form, "workers": each.workers, "per_second": statistics.median(each.rates),
            "rate_ratio": ratio(each.rates, base.rates), "cpu_ms": 1000 * statistics.median(each.costs),
            "cpu_ratio": ratio(each.costs, base.costs),
            "own_ratio": ratio(each.own, base.own),
            "share_of_step": statistics.median(c / (c + s) for c, s in zip(each.costs, steps, strict=True)),
            "supply": ratio(steps, each.costs),
        }
        for each in passes
    ]  # fmt: skip
    first = next(iter(own.loaders.train_dataloader()))
    for each in passes:
        each.loader._end_workers()  # they have packed files mapped, whose pages could not be dropped
    return {
        "bytes_a_sample": sum(part.nbytes for part in first) // len(first.time),
        "step_cpu_ms": 1000 * statistics.median(steps),
        "supply": rows[-1]["supply"],
        "rows": rows,
        "cold": {
            form: cold_and_warm(experiment, files, rounds)
            for form, (experiment, files) in made.items()
            if form != IN_MEMORY
        },
        "pinned": pinned(own),
    }


def page(name: str, found: Mapping[str, object]) -> str:
    """The tables of a spec, as in docs/performance.md."""
    rows, own = found["rows"], found["rows"][-1]
    counts = sorted({row["workers"] for row in rows})
    lines = [
        f"\n{name}: {found['bytes_a_sample'] / 1000:.0f} kB a sample; supply {found['supply']:.0f} times the use\n",
        "| | " + " | ".join(f"{workers} workers" for workers in counts) + " | cold / warm | of a step | supply |",
        "|---|---|---|---|---|---|---|",
    ]
    for form in dict.fromkeys(row["form"] for row in rows[:-2]):
        line = sorted((row for row in rows if row["form"] == form), key=lambda row: row["workers"])
        cold = found["cold"].get(form)
        lines.append(
            f"| {form} | "
            + " | ".join(f"{row['rate_ratio']:.2f} (cpu {row['cpu_ratio']:.2f})" for row in line)
            + f" | {'' if cold is None else cold.get('skipped') or format(cold['cold_to_warm'], '.2f')}"
            + f" | {line[0]['share_of_step']:.1%} | {line[0]['supply']:.3g} |"
        )
    own = rows[-1]
    lines.append(
        f"\nthe spec's own: {own['per_second']:.0f} samples a second, {own['cpu_ms']:.2f} ms of a processor each"
    )
    one = next((row for row in rows if (row["form"], row["workers"]) == (IN_MEMORY, 1)), None)
    for way, row in (("in one piece", one), ("in eight pieces", rows[-2])):
        if row is not None:
            lines.append(
                f"1 worker, batches {way}: {row['rate_ratio']:.2f} of the rate without, cpu {row['cpu_ratio']:.2f}, "
                f"of which the training process {row['own_ratio']:.2f}"
            )
    arrived = found["pinned"]
    lines += ["no GPU here: pinned memory was not measured"] if arrived is None else [
        f"on the GPU, {way}: {rate:.0f} samples a second" for way, rate in arrived.items()
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    main()

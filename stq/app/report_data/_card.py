"""The data card of a report: splits in time, missing values, how the run was made."""

import shlex
from collections.abc import Mapping

import numpy as np

from stq.app._run_folder import RunFolder
from stq.app.report_data._report_data import DataCard, MissingShare, Provenance, SplitSpan
from stq.data import ForecastData
from stq.spec import LoadedSpec

_READ_AT_ONCE = 2**25
_READ_IN_ALL = 2**29
"""Bytes of the series that are looked at for missing values: 32 MB at a time, 512 MB of an even choice of steps."""

_PACKAGES = ("torch", "pytorch-lightning", "torchmetrics", "numpy", "xarray")


def data_card(loaded: LoadedSpec, data: ForecastData) -> DataCard:
    """What the run was trained and judged on."""
    spans = split_spans(data)
    names, looked_at, missing = missing_shares(data, spans)
    units = dict(zip(data.variables, data.units, strict=True))
    return DataCard(
        source=tuple(loaded.spec.data.source),
        size=data.size,
        geographic=data.geographic,
        times=tuple(data.times),
        history=data.history,
        horizons=data.horizons,
        spans=spans,
        missing=tuple(
            MissingShare(
                variable=name,
                units=units.get(name, ""),
                role="target" if name in data.variables else "input",
                overall=shares.pop("", 0.0),
                by_split=shares,
            )
            for name, shares in zip(names, missing, strict=True)
        ),
        steps_looked_at=looked_at,
        static=data.normaliser.static,
        notes=data.notes,
    )


def split_spans(data: ForecastData) -> tuple[SplitSpan, ...]:
    """From the first target of each split to its last, in the order of time."""
    spans = []
    for name, windows in data.splits.items():
        issued = windows.issue_times
        first, last = min(issued) + min(data.horizons), max(issued) + max(data.horizons)
        spans.append(SplitSpan(name, first, last, data.times[first], data.times[last], len(set(issued))))
    return tuple(sorted(spans, key=lambda span: span.first_step))


def missing_shares(
    data: ForecastData, spans: tuple[SplitSpan, ...]
) -> tuple[tuple[str, ...], int, list[dict[str, float]]]:
    """The moving variables, the number of steps looked at, and by variable the share missing of all ("") and by split.

    Of a series too large to read for this, an even choice of steps; of a packed store, what it noted when it was made.
    """
    count, variables, height, width = data.fields.shape
    scan = data.fields.stored_scan()
    if scan is not None:
        steps, known = np.arange(count), scan.counts
    else:
        frame = 4 * variables * height * width
        steps = np.unique(np.linspace(0, count - 1, max(1, min(count, _READ_IN_ALL // frame))).astype(np.int64))
        block = max(1, _READ_AT_ONCE // frame)
        known = np.concatenate(
            [
                np.isfinite(data.fields.read(steps[at : at + block], data.fields.whole)).sum(axis=(2, 3))
                for at in range(0, len(steps), block)
            ]
        )
        data.fields.close()
    absent = 1 - known / (height * width)
    inside = {"": np.ones(len(steps), dtype=bool)}
    inside |= {span.name: (steps >= span.first_step) & (steps <= span.last_step) for span in spans}
    shares = [
        {name: float(absent[chosen, variable].mean()) for name, chosen in inside.items() if chosen.any()}
        for variable in range(variables)
    ]
    return data.normaliser.moving, len(steps), shares


def provenance(run: RunFolder, loaded: LoadedSpec) -> Provenance:
    """How the run was made. What an old or a foreign environment file lacks is empty."""
    environment = run.read_environment()
    packages = environment.get("packages", {})
    command = [str(word) for word in environment.get("command", [])]
    if command and command[0].replace("\\", "/").rsplit("/", 1)[-1] in ("stq", "__main__.py"):
        command[0] = "stq"
    return Provenance(
        command=shlex.join(command),
        started=str(environment.get("started", "")),
        seed=loaded.spec.seed,
        engine=loaded.spec.routing.engine,
        data_sha256=str(environment.get("data_sha256", "")),
        versions=_versions(environment, packages),
        plugins={copy.source: copy.sha256 for copy in run.plugin_copies()},
        spec_text=run.read_text(run.spec) if run.spec.is_file() else "",
        resolved_text=run.read_text(run.resolved),
    )


def _versions(environment: Mapping[str, object], packages: Mapping[str, object]) -> dict[str, str]:
    found = {"stq": environment.get("stq"), "python": environment.get("python")}
    found |= {name: packages.get(name) for name in _PACKAGES}
    found["platform"] = environment.get("platform")
    return {name: str(version) for name, version in found.items() if version is not None}

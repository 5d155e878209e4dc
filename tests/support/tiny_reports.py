"""Reports of tiny runs: one with everything, one with as little as a run can have, and variations of the first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from support.grids import write_grid
from support.tiny_runs import tiny_source, tiny_spec

from stq.app import ReportData, RunFolder, collect_report, train
from stq.spec import parse_spec

BARE = """
stq: 1
name: bare
data:
  source: {source}
  dims: {{time: when, y: row, x: column}}
  targets: [air]
  history: 2
  horizons: [1]
  split: {{train: 0.7, val: 0.15, test: 0.15}}
model: {{hidden: [3], heads: {{hidden: 2}}, location: null}}
quantiles: null
losses: [mse]
calibration: null
trainer: {{max_epochs: 1, accelerator: cpu}}
"""

HOSTILE = '</script><script>window.stolen = true</script><img src="x" onerror="window.stolen = true">'
"""What a name in a file may hold."""

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


def whole_report(folder: Path) -> ReportData:
    """Quantiles, a calibration, two horizons, an audit; all that this version of `eval` computes."""
    loaded = tiny_spec(
        tiny_source(folder), [f"quantiles.levels={list(LEVELS)}", "data.targets=[air, sea]", "data.inputs=[]"]
    )
    return collect_report(RunFolder.open(trained(loaded, folder / "whole")))


def bare_report(folder: Path) -> ReportData:
    """One variable, one horizon, one epoch, no quantiles, no calibration, no positions, a masked corner."""
    random = np.random.default_rng(0)
    field = random.normal(size=(60, 6, 7)).astype(np.float32)
    field[:, :2, :3] = np.nan
    source = write_grid(folder / "bare.nc", {"air": field}, names=("when", "row", "column"), coordinates=False)
    return collect_report(RunFolder.open(trained(parse_spec(BARE.format(source=source)), folder / "bare")))


def trained(loaded: Any, run: Path) -> Path:
    """The folder of a finished run."""
    result = train(loaded, run_dir=run)
    assert result.run is not None
    return result.run


def enriched(report: ReportData) -> ReportData:
    """The same report with every further key that an evaluation may have, made up."""
    scores = [row | further(row, number) for number, row in enumerate(report.evaluation["scores"])]
    return replace(report, evaluation={**report.evaluation, "scores": scores})


def further(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Linear regression beats the model in the first row and is within chance in the second."""
    skill = (-0.1, 0.05, 0.3)[min(number, 2)]
    edges = [0.0, *LEVELS, 1.0]
    wave = [1, 2, 3, 4]
    return {
        "baselines": {"linear": {"rmse": row["rmse"] * 1.1, "skill": skill}},
        "interval95": {"skill_linear": [skill - 0.1, skill + 0.1], "rmse": [0.9 * row["rmse"], 1.1 * row["rmse"]]},
        "pit": {"edges": edges, "share": np.diff(edges).tolist()},
        "reliability": {str(level): level for level in LEVELS},
        "reliability_raw": {str(level): level**2 for level in LEVELS},
        "spectrum": None
        if row["variable"] == "sea"
        else {
            "wavenumber": wave,
            "forecast": [1.0, 0.5, 0.1, 0.01],
            "truth": [1.0] * 4,
            "ratio": [1.0, 0.5, 0.1, 0.01],
        },
    }


def hostile(report: ReportData, attack: str = HOSTILE) -> ReportData:
    """The same report, in which everything that a person can name is an attack."""
    names = dict(zip(report.variables, (f"{attack}{index}" for index in range(9)), strict=False))
    scores = [row | {"variable": names[row["variable"]], "units": attack} for row in report.evaluation["scores"]]
    assert report.audit is not None
    assert report.curves is not None
    matrix = [cell | {"loss": attack} for cell in report.audit["matrix"]]
    return replace(
        report,
        name=attack,
        run=Path(attack.replace("/", "")),
        variables=tuple(names.values()),
        units=(attack,) * len(report.units),
        evaluation={**report.evaluation, "scores": scores},
        audit={**report.audit, "matrix": matrix, "problems": [attack]},
        curves=replace(report.curves, losses=tuple(replace(loss, name=attack) for loss in report.curves.losses)),
        widths=tuple(replace(curve, variable=names[curve.variable], units=attack) for curve in report.widths),
        maps=replace(
            report.maps,
            variables=tuple(replace(v, variable=names[v.variable], units=attack) for v in report.maps.variables),
        ),
        card=replace(
            report.card,
            source=(attack,),
            notes=(attack,),
            static=(attack,),
            missing=tuple(replace(each, variable=attack, units=attack) for each in report.card.missing),
        ),
        provenance=replace(
            report.provenance,
            command=attack,
            started=attack,
            engine=attack,
            data_sha256=attack,
            versions={attack: attack},
            plugins={attack: attack},
            spec_text=attack,
            resolved_text=attack,
        ),
    )

"""The model card for people."""

from collections.abc import Mapping, Sequence
from typing import Any

LOADING = {
    ".pt2": """\
import numpy, torch
sample = {{k: torch.from_numpy(v) for k, v in numpy.load("{stem}.sample.npz").items()}}
network = torch.export.load("{stem}.pt2").module()
outputs = network({arguments})
assert torch.allclose(outputs[0], sample["central"])
""",
    ".onnx": """\
import numpy, onnxruntime
sample = dict(numpy.load("{stem}.sample.npz"))
session = onnxruntime.InferenceSession("{stem}.onnx")
outputs = session.run(None, {{i.name: sample[i.name] for i in session.get_inputs()}})
assert numpy.allclose(outputs[0], sample["central"])
""",
    ".safetensors": """\
import json, safetensors
file = safetensors.safe_open("{stem}.safetensors", framework="pt")
card = json.loads(file.metadata()["stq"])
weights = {{name: file.get_tensor(name) for name in file.keys()}}
assert sum(w.numel() for w in weights.values()) >= card["model"]["parameters"]
""",
}
"""How to load each format, without stq, in five lines that run."""


def card_text(card: Mapping[str, Any], stem: str, endings: Sequence[str]) -> str:
    """The card in Markdown; `stem` is the files' name without ending."""
    training, data, grid = card["training"], card["data"], card["grid"]
    lines = [
        f"# Model card: {card['name']}",
        "",
        f"A network that forecasts {', '.join(each['name'] for each in card['variables'])} on a grid, trained with "
        f"stq {card['made_with']['stq']}. The same facts for programs: `{stem}.card.json`.",
        "",
        "Licence: (not stated; to be filled in by whoever publishes it)",
        "",
        "## What it forecasts",
        "",
        *table(
            ("variable", "units", "scale of a normalised unit", "transform"),
            [
                (each["name"], each["units"] or "1", f"{each['scale']:.6g}", each["transform"])
                for each in card["variables"]
            ],
        ),
        "",
        f"- Horizons: {words(card['horizons'])} steps ahead; a step is {card['time_step'] or 'not even'}.",
        f"- Levels: {words(card['levels']) or 'none'}, {'calibrated' if card['calibrated'] else 'not calibrated'}.",
        f"- Grid: {grid['rows']} rows x {grid['columns']} columns" + extent(grid) + ".",
        f"- Reads {card['history']} steps of the channels {words(card['channels'])}.",
        "",
        "## Inputs and outputs",
        "",
        "B sample, T input step, K channel, H horizon, Q level, C variable, Y row, X column.",
        "",
        *table(
            ("tensor", "axes", "shape", "type", "what it is"),
            [
                (each["name"], each["axes"], " x ".join(map(str, each["shape"])), each["dtype"], each["meaning"])
                for each in (*card["inputs"], *card["outputs"])
            ],
        ),
        "",
        f"Normalisation: `{card['normalise']}`, relative to `{card['relative_to']}`; its numbers (climatology, mean, "
        f"deviation) are the arrays of `{stem}.statistics.npz`. `{stem}.sample.npz` holds two windows of inputs with "
        f"the outputs that belong to them.",
        "",
        "## Training",
        "",
        f"- Data: {words(data['files'])}, sha256 `{data['sha256']}`.",
        *(f"- Targets of {name}: {first} to {last}." for name, (first, last) in data["parts"].items()),
        f"- {card['model']['name']}, {card['model']['parameters']} parameters; seed {training['seed']}, routing "
        f"{training['engine']}; losses {words(training['losses'])}.",
        f"- Best epoch {training['best_epoch']} of {training['epochs']}, validation error of the central forecast "
        f"{training['val_central']:.4g} (normalised units)."
        if training["val_central"] is not None
        else f"- {training['epochs']} epochs.",
        "",
        "## Scores",
        "",
        *scores(card["scores"]),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "## Loading it without stq",
        "",
    ]
    arguments = ", ".join(f'sample["{each["name"]}"]' for each in card["inputs"])
    for ending in endings:
        lines += ["```python", LOADING[ending].format(stem=stem, arguments=arguments).rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def scores(rows: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """A table of the test part, if it was scored."""
    if not rows:
        return ["Not scored with this export; see `stq eval`, or `stq export --scores`."]
    keys = ("rmse", "skill_persistence", "skill_climatology", "coverage", "width")
    cells = [
        (row["variable"], str(row["horizon"]), *("" if row[key] is None else f"{row[key]:.4g}" for key in keys))
        for row in rows
    ]
    return table(("variable", "horizon", *keys), cells)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def words(values: Sequence[object]) -> str:
    """The values between commas."""
    return ", ".join(map(str, values))


def extent(grid: Mapping[str, Any]) -> str:
    """First and last coordinates."""
    return "".join(
        f", {name} {grid[name][0]:g} to {grid[name][1]:g}" for name in ("y", "x", "lat", "lon") if name in grid
    )

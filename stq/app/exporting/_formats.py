"""Files that hold a trained network for programs without stq, each read back and compared before it is believed."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stq.app.exporting._network import ExportedNetwork
from stq.errors import CheckFailed, PluginError, UsageError

Outputs = Sequence[Tensor]
TOLERANCE = 1e-5
"""The most that a graph in another runtime may differ by, as a share of the greatest value of its output."""
NEEDS = {".pt2": (), ".onnx": ("onnx", "onnxscript"), ".safetensors": ("safetensors",)}
"""The endings that are known, and the packages that each takes beside torch."""


def refuse_format(path: Path) -> None:
    """Raises UsageError for an ending that is no format, or a format whose package is missing."""
    if path.suffix not in NEEDS:
        raise UsageError(f"{path}: the ending says in which format; choose one of {', '.join(NEEDS)}")
    missing = [name for name in NEEDS[path.suffix] if find_spec(name) is None]
    if missing:
        raise UsageError(f"{path.suffix} needs {' and '.join(missing)}: pip install 'stq[export]'")


def write_network(
    path: Path, network: ExportedNetwork, sample: Mapping[str, Tensor], wanted: Outputs, card: Mapping[str, object]
) -> float | None:
    """Write the file of the format that the ending says, read it again, and run it on the sample.

    Returns the greatest difference from `wanted`, in units; None where nothing here can run the format.

    Raises PluginError where the model can't be traced, CheckFailed where what was read back says something else.
    """
    text = json.dumps(card, allow_nan=False)
    with silence():
        if path.suffix == ".safetensors":
            write_weights(path, network, text)
            return 0.0
        graph = traced(network, sample)
        if path.suffix == ".pt2":
            torch.export.save(graph, path, extra_files={"card.json": text})
            found: Outputs | None = torch.export.load(path).module()(*sample.values())
        else:
            write_onnx(path, graph, network, sample, text)
            found = run_onnx(path, sample)
    if found is None:
        return None
    for name, here, there in zip(network.output_names, wanted, found, strict=True):
        if here.shape != there.shape or not (here - there).abs().max() <= TOLERANCE * here.abs().max():
            raise CheckFailed(f"{path.name}: {name} of the file that was written differs from the network's own")
    return max(float((here - there).abs().max()) for here, there in zip(wanted, found, strict=True))


def traced(network: ExportedNetwork, sample: Mapping[str, Tensor]) -> torch.export.ExportedProgram:
    """The network as a graph for batches of any size and fields of the sample's."""
    batch = torch.export.Dim("batch", min=1)
    shapes = tuple({0: batch} for _ in sample)
    try:
        return torch.export.export(network, tuple(sample.values()), dynamic_shapes=shapes, strict=False)
    except Exception as error:
        raise untraceable(network, error) from error


def untraceable(network: ExportedNetwork, error: Exception) -> PluginError:
    """What to tell of a model that has no graph."""
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return PluginError(
        f"the model {network.forecaster.name} has no graph that can be exported ({first.strip()}); "
        f"its forward may depend on the data, or on the size of the batch; .safetensors takes its weights alone"
    )


def write_weights(path: Path, network: ExportedNetwork, text: str) -> None:
    """The state of the network under stq's own names, the card in the header; read back, bit for bit."""
    from safetensors.torch import load_file, save_file

    weights = {name: value.detach().clone().contiguous() for name, value in network.forecaster.state_dict().items()}
    save_file(weights, path, metadata={"stq": text})
    found = load_file(path)
    if found.keys() != weights.keys() or not all(torch.equal(found[name], weights[name]) for name in weights):
        raise CheckFailed(f"{path.name}: the weights that were written differ from the run's")


def write_onnx(
    path: Path,
    graph: torch.export.ExportedProgram,
    network: ExportedNetwork,
    sample: Mapping[str, Tensor],
    text: str,
) -> None:
    """The graph in ONNX, with names, and the card among its properties."""
    import onnx

    try:
        program: Any = torch.onnx.export(
            graph,
            tuple(sample.values()),
            input_names=list(network.input_names),
            output_names=list(network.output_names),
            dynamo=True,
            verbose=False,
        )
    except Exception as error:
        raise untraceable(network, error) from error
    program.save(path)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"stq": text})
    onnx.save(model, path)


def run_onnx(path: Path, sample: Mapping[str, Tensor]) -> Outputs | None:
    """The outputs of the file, None where onnxruntime is not installed."""
    if find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    known = {given.name for given in session.get_inputs()}  # what the network never reads has no place in the graph
    found = session.run(None, {name: value.numpy() for name, value in sample.items() if name in known})
    return [torch.from_numpy(each) for each in found]


@contextmanager
def silence() -> Iterator[None]:
    """What torch's exporters say about themselves."""
    loud = logging.getLogger("torch.onnx")
    level = loud.level
    loud.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            for text in (
                ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
                ".*The axis name: .* will not be used.*",
                ".*export.* in training mode.*",
            ):
                warnings.filterwarnings("ignore", text)
            yield
    finally:
        loud.setLevel(level)

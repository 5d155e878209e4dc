"""Gadgets put into the files of a run, as somebody would who wants them to be loaded: manifests are made to fit."""

import hashlib
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from support.checkpoints import best_state, last_state
from support.pickle_gadgets import Gadget, text

Place = Callable[[Path, Gadget], None]
"""Puts a gadget into a file of the run in this folder."""

KEYS = ("callbacks", "hyper_parameters", "hparams_name", "loops", "optimizer_states", "lr_schedulers", "epoch", "more")
MAGIC = 0x1950A86A20F9469CFC6C


def seal(state: Path) -> None:
    """Let the manifest beside a state, where there is one, say what the file has become."""
    manifest = state.with_name("manifest.json")
    if manifest.is_file():
        noted = json.loads(manifest.read_text())
        content = state.read_bytes()
        noted["files"][state.name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest.write_text(json.dumps(noted))


def in_states(make: Callable[[Path, Gadget], bytes]) -> Place:
    """The newest and the best state become what `make` makes of them."""

    def plant(run: Path, gadget: Gadget) -> None:
        for state in {last_state(run), best_state(run)}:
            state.write_bytes(make(state, gadget))
            seal(state)

    return plant


def in_file(name: str, make: Callable[[Gadget], bytes]) -> Place:
    """Another file of the run becomes this."""
    return lambda run, gadget: (run / name).write_bytes(make(gadget)) and None


def archive(state: Path, change: Callable[[bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    """The archive of a state with another pickle in it, and further members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(state) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as new:
        root = old.namelist()[0].split("/")[0]
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == f"{root}/data.pkl" else content)
        for name, content in (more or {}).items():
            new.writestr(f"{root}/{name}", content)
    return buffer.getvalue()


def under(*keys: str) -> Callable[[Path, Gadget], bytes]:
    """A value of the dictionary that a state is, or of one in it."""

    def make(state: Path, gadget: Gadget) -> bytes:
        inner = gadget.piece
        for key in reversed(keys[1:]):
            inner = b"}" + text(key) + inner + b"s"
        return archive(state, lambda whole: whole[:-1] + text(keys[0]) + inner + b"s.")

    return make


def legacy(state: Path, gadget: Gadget) -> bytes:
    """The form of torch before 1.6: several pickles one after another."""
    head = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True})]
    return b"".join(head) + gadget.whole + pickle.dumps([], 2)


def tar(state: Path, gadget: Gadget) -> bytes:
    """The form before that."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            member = tarfile.TarInfo(name)
            member.size = len(gadget.whole)
            file.addfile(member, io.BytesIO(gadget.whole))
    return buffer.getvalue()


def script(state: Path, gadget: Gadget) -> bytes:
    """An archive of TorchScript, for which torch.load would call torch.jit.load."""
    more = {"constants.pkl": gadget.whole, "code/__torch__.py": b"import stq_canary\n"}
    return archive(state, lambda whole: gadget.whole, more)


def objects(gadget: Gadget) -> bytes:
    """An array of Python objects, as NumPy saves it."""
    buffer = io.BytesIO()
    head = {"descr": "|O", "fortran_order": False, "shape": ()}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + gadget.whole


def arrays(*names: str) -> Callable[[Gadget], bytes]:
    """An archive of such arrays."""

    def make(gadget: Gadget) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for name in names:
                file.writestr(f"{name}.npy", objects(gadget))
        return buffer.getvalue()

    return make


PLACES: dict[str, Place] = {
    "all of data.pkl": in_states(lambda state, gadget: archive(state, lambda _: gadget.whole)),
    **{f"the value of {key}": in_states(under(key)) for key in KEYS},
    "a weight": in_states(under("state_dict", "forecaster.convlstm")),
    "a state of the optimiser": in_states(under("optimizer_states", "state", "0")),
    "a further member": in_states(
        lambda state, gadget: archive(state, bytes, {"extra.pkl": gadget.whole, "data/0": gadget.whole})
    ),
    "a TorchScript archive": in_states(script),
    "a legacy file": in_states(legacy),
    "the magic number of a legacy file": in_states(lambda state, gadget: gadget.whole + pickle.dumps(1001, 2)),
    "a tar": in_states(tar),
    "a bare pickle": in_states(lambda state, gadget: gadget.whole),
    "a pickle before an archive": in_states(lambda state, gadget: gadget.whole + state.read_bytes()),
    "statistics.npz": in_file("statistics.npz", arrays("head", "climatology")),
    "statistics.npz as a pickle": in_file("statistics.npz", lambda gadget: gadget.whole),
    "strata.npz": in_file("strata.npz", arrays("names", "index")),
    "calibration.json": in_file("calibration.json", lambda gadget: gadget.whole),
    "baselines.json": in_file("baselines.json", lambda gadget: gadget.whole),
    "audit.json": in_file("audit.json", lambda gadget: gadget.whole),
    "environment.json": in_file("environment.json", lambda gadget: gadget.whole),
    "metrics.csv": in_file("metrics.csv", lambda gadget: gadget.whole),
    "resolved.yaml": in_file("resolved.yaml", lambda gadget: b"a: !!python/object/apply:stq_canary.fire [x]\n"),
}
"""Where a gadget may lie in a run."""

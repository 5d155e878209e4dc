"""Code of the user's that is called by name, and whose mistakes are told as theirs, with the place."""

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

from stq.errors import StqError, UsageError, nearest

STQ = Path(__file__).parents[1]
FRAMEWORKS = ("torch", "pytorch_lightning", "lightning_fabric", "lightning", "importlib")


def load_factory(reference: str) -> Callable[[], object]:
    """The callable `module:name`; the module is looked for in the working directory first, then where Python looks.

    Raises UsageError for each way in which that can fail.
    """
    module_name, colon, name = reference.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module_name.split("."))):
        raise UsageError(f"--module takes MODULE:FACTORY, such as my_model:make; {reference!r} is not of that form")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()  # the file may be younger than the process
    with mistakes_of(f"importing {module_name}"):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if f"{module_name}.".startswith(f"{error.name}."):  # itself, and not what it imports
                raise UsageError(f"there is no module {error.name!r}, in {here} or installed") from error
            raise
    factory: Callable[[], object] | None = getattr(module, name, None)
    if factory is None:
        names = [each for each in vars(module) if not each.startswith("_")]
        known = f"there are: {', '.join(names) or 'no public names'}"
        raise UsageError(f"the module {module_name} has no {name!r}; {nearest(name, names, known)}")
    if not callable(factory) or not takes_nothing(factory):
        what = f"wants arguments: {signature(factory)}" if callable(factory) else f"is of type {type(factory).__name__}"
        raise UsageError(f"{reference} {what}; expected a function without arguments")
    return factory


def takes_nothing(factory: Callable[[], object]) -> bool:
    """Whether it can be called without arguments, as far as Python can tell."""
    try:
        signature(factory).bind()
    except TypeError:
        return False
    except ValueError:  # one written in C, which has no signature
        return True
    return True


@contextmanager
def mistakes_of(what: str) -> Iterator[None]:
    """Tell an exception from the user's code as a UsageError: what failed, how, and in which line of theirs.

    What stq says about it stays as it is, and an exception that was raised by stq itself stays a bug.
    """
    try:
        yield
    except StqError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if Path(frames[-1].filename).is_relative_to(STQ) and not isinstance(error, SyntaxError):
            raise
        place = users_line(error, frames)
        words = " ".join(str(error).split())
        told = f"{type(error).__name__}: {words}" if words else type(error).__name__
        raise UsageError(f"{what} failed: {told}" + (f" ({place})" if place else "")) from error


def users_line(error: BaseException, frames: Sequence[traceback.FrameSummary]) -> str | None:
    """`file:line` of the innermost frame that is no framework's; None where that is one of stq's own."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    files = [sys.modules[name].__file__ for name in FRAMEWORKS if name in sys.modules]
    frameworks = [Path(file).parent for file in files if file]
    for frame in reversed(frames):
        path = Path(frame.filename)
        if frame.filename.startswith("<frozen") or any(path.is_relative_to(each) for each in frameworks):
            continue
        return None if path.is_relative_to(STQ) else f"{path.name}:{frame.lineno}"
    return None

"""From a file or a text to a checked spec, with all mistakes reported at once."""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from stq.errors import Problem, SpecError, did_you_mean
from stq.spec._environment import fill_in
from stq.spec._explain import MOST, explain, place
from stq.spec._loaded_spec import LoadedSpec
from stq.spec._overrides import apply_override
from stq.spec._searched_keys import searched_keys
from stq.spec._source import Source
from stq.spec._spec import Spec
from stq.spec._yaml import LARGEST, read_yaml


def load_spec(path: Path | str, overrides: Sequence[str] = (), *, seen_from: Path | None = None) -> LoadedSpec:
    """Read a spec file, put the `--set` arguments over it, and check everything that its text decides.

    Environment variables are put in where it says `environment: true`. Relative paths in it become absolute against its
    folder or, with `seen_from`, relative to that one: then it is a spec to be written there, and not to be trained.
    SpecError holds every problem at once.
    """
    path = Path(path)
    return parse_spec(_read_text(path), path=path, overrides=overrides, seen_from=seen_from)


def parse_spec(
    text: str, *, path: Path | None = None, overrides: Sequence[str] = (), seen_from: Path | None = None
) -> LoadedSpec:
    """The same for a text that is at hand; `path` names it and, if given, is what relative paths are relative to."""
    root, problems = read_yaml(Source(str(path) if path else "spec", text.removeprefix("\ufeff")))
    if not isinstance(root.content, dict):
        raise SpecError([*problems, place(root, (), "expected a mapping of keys, found something else")])
    for override in overrides:
        try:
            problems += apply_override(root, override)
        except SpecError as error:
            problems += error.problems
    problems += fill_in(root, os.environ)
    plain = {key: child.plain() for key, child in root.content.items()}
    if path is not None:
        plain.setdefault("name", _name_from(path))
    context = {"folder": _way_to(path.absolute().parent, seen_from)} if path is not None else {}
    try:
        spec = Spec.model_validate(plain, context=context)
    except ValidationError as error:
        faulty = {(problem.where, problem.excerpt) for problem in problems}
        problems += [new for new in explain(error, root) if (new.where, new.excerpt) not in faulty]
    else:
        problems += searched_keys(() if spec.tune is None else spec.tune.over, root)
    if problems:
        raise SpecError(sorted(problems, key=_place_in_text)[:MOST])
    return LoadedSpec(spec=spec, text=text, path=path, root=root)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise SpecError(
                [Problem((), f"expected a spec of at most {LARGEST // 1024} kB, found a larger file: {path}")]
            )
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        span = Source(str(path), before).span_of(len(before))
        message = "expected UTF-8 text, found other bytes"
        raise SpecError([Problem((), message, "save it as UTF-8", span.where, span.excerpt)]) from None
    except FileNotFoundError:
        beside = (each.name for each in path.parent.glob("*.y*ml"))
        raise SpecError([Problem((), f"there is no file {path}", did_you_mean(path.name, beside))]) from None
    except IsADirectoryError:
        raise SpecError([Problem((), f"expected a spec file, found a folder: {path}")]) from None
    except OSError as error:
        raise SpecError([Problem((), f"can't read {path}: {error.strerror}")]) from None


def _way_to(folder: Path, seen_from: Path | None) -> str:
    """From one folder to another, so that both can move together; all of it where symbolic links bend that way."""
    if seen_from is None:
        return str(folder)
    way = os.path.relpath(folder, seen_from.absolute())
    return way if way == os.path.relpath(folder.resolve(), seen_from.resolve()) else str(folder)


def _name_from(path: Path) -> str:
    """The file's name without its ending, with what a folder's name can't have replaced."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip(".-")[:64] or "run"


def _place_in_text(problem: Problem) -> tuple[float, ...]:
    """Line and column; an argument comes after all lines."""
    numbers = problem.where.rsplit(":", 2)[1:]
    return tuple(map(float, numbers)) or (math.inf,)

"""A spec together with the text that it came from."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from stq.errors import PluginError, Problem, SpecError
from stq.spec._explain import place
from stq.spec._node import Node
from stq.spec._plugin_file import PluginFile
from stq.spec._spec import Spec


@dataclass(frozen=True)
class LoadedSpec:
    """What was read, as an object, and as text for the record and for later errors."""

    spec: Spec
    text: str
    """The text as written, without what `--set` changed."""
    path: Path | None
    """The file, as it was named; None for a text that came from no file."""
    root: Node = field(repr=False, compare=False)
    """The text as a tree with places, `--set` included."""
    read_already: tuple[PluginFile, ...] = field(default=(), repr=False, compare=False)
    """Local plugin files that were read when the spec was."""

    @property
    def without_search(self) -> "LoadedSpec":
        """The same experiment: what a search would vary is no part of it."""
        return self if self.spec.tune is None else replace(self, spec=self.spec.model_copy(update={"tune": None}))

    @cached_property
    def plugin_files(self) -> tuple[PluginFile, ...]:
        """The local plugin files, each read once, here and now, and run by nobody yet.

        Raises SpecError with all that can't be read, each at its place.
        """
        known = {str(file.path): file for file in self.read_already}
        files, problems = [], []
        for index, path in enumerate(self.spec.plugins):
            try:
                files.append(known.get(str(path)) or PluginFile.read(Path(path)))
            except PluginError as error:
                problems.append(self.problem(("plugins", index), str(error)))
        if problems:
            raise SpecError(problems)
        return tuple(files)

    def problem(
        self,
        path: tuple[str | int, ...],
        message: str,
        hint: str = "",
        on: Literal["key", "value"] = "value",
        part: tuple[int, int] | None = None,
    ) -> Problem:
        """A problem that a later check found at this path of the spec, shown in the text.

        Where the text says nothing there (a default), the nearest thing above it is shown. `part` is offset and length
        of the word that is meant in a value that is a text.
        """
        return place(self.root, path, message, hint, on, part)

    def located(self, problems: Iterable[Problem], under: tuple[str | int, ...] = ()) -> tuple[Problem, ...]:
        """Problems that know only their path below `under`, such as those of a loss's options, shown in the text.

        A problem that has its place already keeps it.
        """
        return tuple(self._locate(problem, (*under, *problem.path)) for problem in problems)

    def _locate(self, problem: Problem, path: tuple[str | int, ...]) -> Problem:
        if problem.where:
            return replace(problem, path=path)
        return place(self.root, path, problem.message, problem.hint, problem.on)

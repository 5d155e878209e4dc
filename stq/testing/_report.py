"""What the kit found."""

from dataclasses import dataclass
from typing import ClassVar

from stq.errors import CheckFailed


@dataclass(frozen=True)
class PropertyResult:
    """One question of the kit: whether the plugin has the property and, where not, what was seen."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Report:
    """All answers for one plugin, called by its name."""

    kind: ClassVar[str]

    name: str
    properties: tuple[PropertyResult, ...]

    @property
    def passed(self) -> bool:
        """Whether it has every property."""
        return not self.failures

    @property
    def failures(self) -> tuple[PropertyResult, ...]:
        """The properties that it has not."""
        return tuple(result for result in self.properties if not result.passed)

    def raise_for_failures(self) -> None:
        """Raise `CheckFailed`, which lists what failed, unless everything passed."""
        if self.failures:
            found = "\n".join(f"  {result.name}: {result.message}" for result in self.failures)
            count = f"{len(self.failures)} of {len(self.properties)}"
            raise CheckFailed(f"the {self.kind} {self.name} fails {count} checks\n{found}")


class LossReport(Report):
    """All answers for one loss."""

    kind = "loss"

    @property
    def loss(self) -> str:
        """Its name."""
        return self.name


class ModelReport(Report):
    """All answers for one model."""

    kind = "model"

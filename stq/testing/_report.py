"""What the kit found."""

from dataclasses import dataclass

from stq.errors import CheckFailed


@dataclass(frozen=True)
class PropertyResult:
    """One question of the kit: whether the loss has the property and, where not, what was seen."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class LossReport:
    """All answers for one loss."""

    loss: str
    properties: tuple[PropertyResult, ...]

    @property
    def passed(self) -> bool:
        """Whether the loss has every property."""
        return not self.failures

    @property
    def failures(self) -> tuple[PropertyResult, ...]:
        """The properties that it has not."""
        return tuple(result for result in self.properties if not result.passed)

    def raise_for_failures(self) -> None:
        """Raise `CheckFailed`, which lists what failed, unless everything passed."""
        if self.failures:
            found = "\n".join(f"  {result.name}: {result.message}" for result in self.failures)
            raise CheckFailed(
                f"the loss {self.loss} fails {len(self.failures)} of {len(self.properties)} checks\n{found}"
            )

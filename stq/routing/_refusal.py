"""All that is wrong, refused at once."""

from collections.abc import Sequence

from stq.errors import RoutingError


def refuse(faults: Sequence[str], what: str = "") -> None:
    """Raise RoutingError with all faults in one text, under a line that says what they have in common."""
    if faults:
        lines = [what, *(f"  {fault}" for fault in faults)] if what else faults
        raise RoutingError("\n".join(lines))

"""Parameters that are routed and receive nothing."""

from collections.abc import Iterable

from stq.routing._plan import Plan
from stq.routing._refusal import refuse


def refuse_unreached(plan: Plan) -> None:
    """Refuse a step in which a routed parameter received no gradient: it would silently stay where it is."""
    refuse(
        [
            unreached(name, route.factors)
            for route in plan.classes
            for name, parameter in route.parameters
            if parameter.grad is None
        ],
        "parameters that receive no gradient from any loss that may update them:",
    )


def unreached(name: str, losses: Iterable[str]) -> str:
    """What is said of a parameter that receives nothing."""
    return (
        f"{name}: none of {', '.join(losses)} depends on it; tag a loss that reaches it, or put it into a group "
        f"under freeze"
    )

"""The gradient audit of a model that no spec describes."""

from dataclasses import replace

from stq.app._check_grads import CheckGradsResult, result_of
from stq.app._users_code import load_factory, mistakes_of
from stq.errors import UsageError
from stq.routing import ENGINES, Audited, Engine, audit_model
from stq.training import audit_module

EXPECTED = "a stq.routing.Audited, or a pair of a LightningModule with RoutedBackward and its training data"


def check_module(reference: str, *, engine: str | None = None, steps: int = 1) -> CheckGradsResult:
    """Audit what the factory `module:name` makes: an `Audited`, or a routed LightningModule with its training data.

    `engine` replaces the one that it asks for. Raises UsageError where the user's code fails or gives something else,
    RoutingError where the table can't be run.
    """
    factory = load_factory(reference)
    with mistakes_of(reference):
        made = factory()
    if isinstance(made, Audited):
        router = (made if engine is None else replace(made, engine=engine)).router()
        with mistakes_of(f"{reference}: its losses"):
            audit = audit_model(made, router, steps=steps)
    elif isinstance(made, tuple) and len(made) == 2:
        with mistakes_of(f"{reference}: its training step"):
            audit, router = audit_module(*made, steps=steps, engine=engine)
    else:
        what = f"a tuple of {len(made)}" if isinstance(made, tuple) else f"a {type(made).__name__}"
        raise UsageError(f"{reference} gave {what}; expected {EXPECTED}")
    return result_of(reference, name_of(router.engine), "module", router.plan, audit)


def name_of(engine: Engine) -> str:
    """The name that an engine has in a spec; that of its function where it is the user's own."""
    named = {id(each): name for name, each in ENGINES.items()}
    return named.get(id(engine), getattr(engine, "__name__", type(engine).__name__))

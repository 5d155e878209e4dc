"""Planted faults, found through the real training step under a real Trainer: every one is caught, and by name."""

import copy
from collections.abc import Callable

import pytest
from support.faulty_engines import ENGINES_WITH_FAULTS, FROZEN_FAULTS, SOFT_FAULTS
from support.faulty_modules import FAULTY, UNMADE, Adapted, Faulty, adapt, half_frozen, routed, thaw
from support.routed_nets import PATTERNS, ROUTES, BandNet, fields, known_warnings, loader

from stq.errors import RoutingError
from stq.routing import Audited, Route, audit_model
from stq.training import audit_module

SOFT = {**ROUTES, "pinball": Route(1.0, {"quantiles": 1.0, "backbone": 0.05})}


def check(made: Callable[[], Faulty], kind: str, words: str) -> None:
    """The audit of a batch ends with this kind of fault, in these words."""
    if kind == "refused":
        with known_warnings(), pytest.raises(RoutingError) as error:
            audit_module(made(), loader())
        assert words in str(error.value)
        return
    with known_warnings():
        audit, _ = audit_module(made(), loader())
    assert audit.verdict == kind, audit.problems
    assert any(words in text for text in audit.problems), audit.problems


@pytest.mark.parametrize(("engine", "kind", "words"), ENGINES_WITH_FAULTS.values(), ids=ENGINES_WITH_FAULTS.keys())
def test_a_faulty_engine_is_caught_by_name(engine: object, kind: str, words: str) -> None:
    check(lambda: routed(engine=copy.deepcopy(engine)), kind, words)


@pytest.mark.parametrize(("engine", "kind", "words"), SOFT_FAULTS.values(), ids=SOFT_FAULTS.keys())
def test_a_wrong_soft_factor_is_caught(engine: object, kind: str, words: str) -> None:
    check(lambda: routed(engine=engine, routes=SOFT), kind, words)


@pytest.mark.parametrize(("engine", "kind", "words"), FROZEN_FAULTS.values(), ids=FROZEN_FAULTS.keys())
def test_a_hand_on_what_is_frozen_is_caught(engine: object, kind: str, words: str) -> None:
    check(lambda: routed(engine=engine, freeze=("backbone",)), kind, words)


@pytest.mark.parametrize(("made", "kind", "words"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_module_is_caught_by_name(made: Callable[[], Faulty], kind: str, words: str) -> None:
    check(made, kind, words)


@pytest.mark.parametrize(("make", "words"), UNMADE.values(), ids=UNMADE.keys())
def test_a_table_that_can_not_hold_is_refused_before_any_step(make: Callable[[], object], words: str) -> None:
    with pytest.raises(RoutingError) as error:
        make()
    assert words in str(error.value)


@pytest.mark.parametrize("engine", ["pruned", "save-restore", "joint"])
@pytest.mark.parametrize(
    ("net", "change", "name"),
    [(half_frozen, thaw, "backbone.0.weight"), (Adapted, adapt, "adapter.weight")],
    ids=["thawed", "added"],
)
def test_what_no_group_holds_is_found_in_a_loop_of_ones_own(
    net: Callable[[], BandNet], change: Callable[[BandNet], None], name: str, engine: str
) -> None:
    """In a fit it is refused beforehand; here it came after the groups, and nobody looked."""
    model = net()
    audited = Audited(model, PATTERNS, ROUTES, lambda step: model.losses(*fields(seed=step)), engine)
    router = audited.router()
    change(model)
    audit = audit_model(audited, router)
    kind, words = ("starved", "nothing moves it") if engine == "pruned" else ("leak", "is moved by mse, edges, pinball")
    assert audit.verdict == kind
    assert any(words in text and name in text for text in audit.problems), audit.problems

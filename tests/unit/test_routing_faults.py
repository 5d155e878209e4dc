"""Planted faults, found through the real training step under a real Trainer: every one is caught, and by name."""

import copy
from collections.abc import Callable

import pytest
from support.faulty_engines import ENGINES_WITH_FAULTS, FROZEN_FAULTS, SOFT_FAULTS
from support.faulty_modules import FAULTY, UNMADE, Faulty
from support.faulty_nets import routed
from support.routed_nets import SOFT, known_warnings, loader

from stq.errors import RoutingError
from stq.training import audit_module


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

"""A calibration goes to JSON and back, and shows when it was damaged on the way."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from stq.calibration import ConformalCalibration, Corrections
from stq.errors import CheckFailed

CALIBRATION = ConformalCalibration(
    variables=("ozone", "temperature"),
    units=("DU", "K"),
    horizons=(1, 3),
    levels=(0.025, 0.975),
    outward=(((0.1, -0.2), (0.1, -0.2)), ((1 / 3, 2.0), (1 / 3, 2.0))),
    cells=((100, 90), (100, 80)),
    frames=((5, 5), (5, 4)),
)


def sealed(**changes: Any) -> str:
    """A document with a right checksum whose content is changed; a change to `...` takes the key out."""
    content = json.loads(CALIBRATION.to_json())["content"] | changes
    content = {key: value for key, value in content.items() if value is not ...}
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps({"kind": "conformal calibration", "sha256": checksum, "content": content})


def test_json_gives_back_the_same_calibration() -> None:
    assert ConformalCalibration.from_json(CALIBRATION.to_json()) == CALIBRATION
    assert ConformalCalibration.from_json(sealed()) == CALIBRATION


def test_a_document_of_before_there_were_groups_and_forms_still_loads() -> None:
    newer = ("by", "scores", "floors", "groups", "grouped", "fitted_on")
    found = ConformalCalibration.from_json(sealed(**dict.fromkeys(newer, ...)))
    assert found == CALIBRATION
    assert (found.by, found.scores, found.groups, found.fitted_on) == (
        ("horizon", "variable"),
        "additive",
        (),
        "calibration",
    )


def test_groups_and_floors_go_there_and_back_too() -> None:
    part = Corrections(CALIBRATION.outward, CALIBRATION.cells, CALIBRATION.frames)
    seasons = replace(
        CALIBRATION, by=("season",), scores="multiplicative", floors=(0.1, 0.2), groups=("DJF",), grouped=(part,)
    )
    assert ConformalCalibration.from_json(seasons.to_json()) == seasons


def test_the_document_is_plain_json_that_a_person_can_read() -> None:
    document = json.loads(CALIBRATION.to_json())
    assert document["kind"] == "conformal calibration"
    assert document["content"]["levels"] == [0.025, 0.975]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        CALIBRATION.to_json()[:-20],
        CALIBRATION.to_json().replace("conformal", "conformed"),
        CALIBRATION.to_json().replace("0.1", "0.2"),
        CALIBRATION.to_json().replace("ozone", "azone"),
    ],
)
def test_a_damaged_document_is_refused(text: str) -> None:
    with pytest.raises(CheckFailed, match="conformal calibration"):
        ConformalCalibration.from_json(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"levels": [0.025, 0.5, 0.975]},
        {"horizons": [1]},
        {"units": ["DU"]},
        {"frames": ...},
        {"extra": 1},
        {"horizons": ["1", "3"]},
        {"cells": [[100.5, 90], [100, 80]]},
        {"outward": [[[0.1, -0.2], [0.1]], [[0.3, 2.0], [0.3, 2.0]]]},
        {"outward": [[[0.1, -0.2], [0.1, float("nan")]], [[0.3, 2.0], [0.3, 2.0]]]},
        {"groups": ["DJF"]},
        {"floors": [1.0, 1.0]},
        {"scores": "multiplicative"},
        {"scores": "magic"},
        {"outward": [[[0.1, -0.2], [0.1, None]], [[0.3, 2.0], [0.3, 2.0]]]},
    ],
)
def test_content_that_makes_no_calibration_is_refused_even_under_a_right_checksum(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckFailed, match="conformal calibration"):
        ConformalCalibration.from_json(sealed(**changes))


def test_any_changed_byte_is_noticed_or_harmless() -> None:
    text = CALIBRATION.to_json()
    for position in range(0, len(text), 3):
        changed = text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]
        try:
            found = ConformalCalibration.from_json(changed)
        except CheckFailed:
            continue
        assert found == CALIBRATION

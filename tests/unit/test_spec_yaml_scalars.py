"""The core schema of YAML 1.2, where PyYAML's own reading differs."""

import pytest

from stq.spec import parse_spec
from stq.spec._scalars import read_scalar

TABLE = [
    ("1e-3", 0.001), ("1E3", 1000.0), ("1.", 1.0), (".5", 0.5), ("-0.5", -0.5), ("+1.5", 1.5),
    ("012", 12), ("0o14", 12), ("0x1F", 31), ("-7", -7), ("+7", 7), ("0", 0),
    ("off", "off"), ("on", "on"), ("no", "no"), ("yes", "yes"), ("y", "y"), ("n", "n"),
    ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"),
    ("null", None), ("~", None), ("", None), ("Null", None), ("none", "none"),
    ("1:30", "1:30"), ("1995-01", "1995-01"), ("1995-01-01", "1995-01-01"), ("1995-01-01T06:00", "1995-01-01T06:00"),
    ("1_000", "1_000"), ("0b11", "0b11"), ("1e", "1e"), ("=", "="), ("32-true", "32-true"), (".", "."),
    ("'1'", "1"), ('"true"', "true"), ("'null'", "null"), ("infinity", "infinity"), ("nan", "nan"), ("-", (None,)),
    ("[1, a, 1e3]", (1, "a", 1000.0)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TABLE)
def test_scalar_is_read_by_yaml_1_2(text: str, value: object) -> None:
    spec = parse_spec(f"data: {{source: a.nc, targets: [a]}}\nlosses:\n- loss: mse\n  option:\n    {text}\n").spec
    read = spec.losses[0].options["option"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(("digits", "value"), [("0" * 399 + "7", 7), ("0." + "5" * 398, 0.5555555555555556)])
def test_a_number_of_400_characters_is_read_and_a_longer_one_is_refused(digits: str, value: float) -> None:
    assert read_scalar(digits) == value
    with pytest.raises(ValueError, match="found"):
        read_scalar("0" + digits)


@pytest.mark.parametrize("number", [2**64 - 1, 1 - 2**64])
def test_a_whole_number_has_at_most_64_bits(number: int) -> None:
    assert read_scalar(str(number)) == number
    with pytest.raises(ValueError, match="at most 64 bits"):
        read_scalar(str(number + (1 if number > 0 else -1)))

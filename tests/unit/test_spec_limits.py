"""How large a spec may be, at the very edge; what is not plain YAML inside a list; where an excerpt begins."""

from pathlib import Path

import pytest

from stq.errors import Problem, SpecError
from stq.spec import load_spec
from stq.spec._source import Source, Span
from stq.spec._yaml import LARGEST, read_yaml


def faults(text: str) -> list[Problem]:
    """What is wrong with a text, as YAML alone."""
    try:
        return read_yaml(Source("spec", text))[1]
    except SpecError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    ("fits", "too_large", "words"),
    [
        ("#" * LARGEST + "\na: 1", None, "at most 128 kB"),
        ("a: " + "x" * (LARGEST - 3), "a: " + "x" * (LARGEST - 2), "at most 128 kB"),
        ("x" * 200 + ": 1", "x" * 201 + ": 1", "a key of at most 200 characters, found 201"),
        ("a: " + "[" * 19 + "1" + "]" * 19, "a: " + "[" * 20 + "1" + "]" * 20, "at most 20 levels"),
        ("[" + ", ".join("1" * 4999) + "]", "[" + ", ".join("1" * 5000) + "]", "at most 5000 keys and values"),
    ],
    ids=["comment", "text", "key", "depth", "count"],
)
def test_a_spec_may_be_as_large_as_said_and_no_larger(fits: str, too_large: str | None, words: str) -> None:
    if too_large is None:
        fits, too_large = "a: 1", fits
    assert faults(fits) == []
    (problem,) = faults(too_large)
    assert words in problem.message


def test_a_file_of_the_largest_size_is_read_and_one_with_a_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    text = "data: {source: a.nc, targets: [ozone]}\nlosses: [mse]\n#"
    file.write_text(text + "x" * (LARGEST - len(text)))
    assert load_spec(file).spec.losses[0].loss == "mse"
    file.write_text(text + "x" * (LARGEST - len(text) + 1))
    with pytest.raises(SpecError, match=r"expected a spec of at most 128 kB, found a larger file: .*spec\.yaml"):
        load_spec(file)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("a: [1, !!str 2]", ("a", 1), "a tag (!!str)"),
        ("a: [0, &x 1]", ("a", 1), "an anchor (&x)"),
        ("a: [0, !own [1]]", ("a", 1), "a tag (!own)"),
        ("a: &x {b: 1}", ("a",), "an anchor (&x)"),
    ],
)
def test_what_is_no_plain_yaml_is_found_by_its_place(text: str, path: tuple[str | int, ...], words: str) -> None:
    (problem,) = faults(text)
    assert problem.path == path
    assert words in problem.message


def test_a_place_after_line_breaks_is_counted_from_the_last_of_them() -> None:
    span = Source("spec", "ab\ncd\nef").span_of(7)
    assert (span.line, span.column, span.length, span.where) == (2, 1, 1, "spec:3:2")


def test_a_part_of_a_text_has_its_own_place_where_that_can_be_counted() -> None:
    source = Source("spec", "a: one two\nb: 'one two'\nc: \"\\x6fne two\"")
    plain, quoted, escaped = Span(source, 0, 3, 7), Span(source, 1, 3, 9), Span(source, 2, 3, 12)
    assert plain.part("one two", 4, 3) == Span(source, 0, 7, 3)
    assert quoted.part("one two", 4, 3) == Span(source, 1, 8, 3)
    assert quoted.part("one two", 4, 0) == Span(source, 1, 8, 1)
    assert escaped.part("one two", 4, 3) == escaped
    assert plain.part("", 0, 0) == plain
    assert plain.part("two", 0, 3) == plain  # it stands further behind, so this is another text


@pytest.mark.parametrize(("width", "column"), [(30, 20), (80, 70), (100, 99), (400, 300), (400, 5)])
def test_an_excerpt_holds_the_place_and_is_whole_where_the_line_is_short(width: int, column: int) -> None:
    line = "".join(chr(97 + index % 26) for index in range(width))
    shown, carets = Span(Source("spec", line), 0, column, 2).excerpt.split("\n")
    place = carets.index("^")
    assert shown[place : place + 2] == line[column : column + 2]
    assert carets.strip() == "^" * min(2, width - column)
    if width <= 80:
        assert shown == f"    {line}"
    else:
        assert len(shown) <= 4 + width

"""How large a spec may be, at the very edge; what is not plain YAML inside a list; where an excerpt begins."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stq.errors import Problem, SpecError
from stq.spec import load_spec
from stq.spec._section import found
from stq.spec._source import Source, Span
from stq.spec._syntax import _word
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
        ('"a\\0": 1', (), "an escape that stands for no character"),
        ('a: "\\ud800"', ("a",), "an escape that stands for no character"),
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


@pytest.mark.parametrize(
    ("text", "length"),
    [("a: one two", 7), ("a: 'one\n  two three four'", 4), ("a: [1,\n  2, 3, 4, 5]", 3), ("a: [1, 2]", 6)],
)
def test_the_span_of_a_value_ends_with_it_or_with_its_line(text: str, length: int) -> None:
    source = Source("spec", text)
    child = read_yaml(source)[0].child("a")
    assert child is not None
    assert child.value_span == Span(source, 0, 3, length)


@pytest.mark.parametrize(
    ("line", "column", "length", "before", "carets"),
    [("e\u0301 x", 3, 1, 2, 1), ("\u6f22 x", 2, 1, 3, 1), ("a \u6f22\u5b57", 2, 2, 2, 4), ("a\u0301", 1, 1, 1, 1)],
    ids=["combining before", "wide before", "wide", "combining"],
)
def test_carets_stand_under_the_word_whatever_the_width_of_its_letters(
    line: str, column: int, length: int, before: int, carets: int
) -> None:
    shown, marks = Span(Source("spec", line), 0, column, length).excerpt.split("\n")
    assert shown == f"    {line}"
    assert marks == " " * (4 + before) + "^" * carets


def test_what_a_terminal_would_not_show_is_shown_as_a_space() -> None:
    assert Span(Source("spec", "a\x1bb\tc"), 0, 4, 1).excerpt == "    a b c\n        ^"


@given(st.lists(st.sampled_from(["", " ", "a", "ab cd", "  x", "x  "]), min_size=1, max_size=4), st.data())
def test_a_word_lies_in_the_text_at_its_place_or_before(lines: list[str], data: st.DataObject) -> None:
    line = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[line]) + 1))
    word = _word(Source("spec", "\n".join(lines)), line, column)
    text = lines[word.line]
    assert 0 <= word.line <= line
    assert 0 <= word.column <= max(0, len(text) - 1)
    assert 1 <= word.length <= max(1, len(text) - word.column)
    if column < len(lines[line]):
        assert (word.line, word.column) == (line, column)
    elif any(each.strip() for each in lines[: line + 1]):
        assert text.strip()
    if text[word.column : word.column + 1].strip():
        assert text[word.column :].split()[0] == text[word.column : word.column + word.length]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        ({"a": 1}, "a mapping"),
        ((), "an empty list"),
        ([1], "a list"),
        (1.5, "1.5"),
        ("x" * 40, f'"{"x" * 40}"'),
        ("x" * 41, f'"{"x" * 37}..."'),
        (10**40, f"1{'0' * 36}..."),
    ],
)
def test_a_value_is_told_as_its_writer_would_know_it_and_cut_where_it_is_long(value: object, words: str) -> None:
    assert found(value) == words

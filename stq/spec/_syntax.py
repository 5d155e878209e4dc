"""The events of a YAML text, and PyYAML's complaints about it in a user's words, with the place."""

from collections.abc import Iterator

import yaml

from stq.errors import Problem, SpecError
from stq.spec._source import Source, Span

_QUOTE = "put text with a special character in quotes"

_EXPLANATIONS = (
    ("'\\t' that cannot start", "a tab can't stand here", "indent and separate with spaces"),
    ("that cannot start any token", "this character can't begin a value", _QUOTE),
    ("mapping values are not allowed here", 'a ": " can\'t stand here', "check the indentation, or quote the value"),
    ("could not find expected ':'", 'expected a ":" after this', "a key is written `key: value`"),
    ("expected <block end>, but found ','", "a comma can't stand here", "lists on one line are written [a, b]"),
    ("expected <block end>", "this does not fit to the lines above", "check the indentation and open brackets"),
    ("expected ',' or ']'", "a list is not closed", "close it with ]"),
    ("expected ',' or '}'", "a mapping is not closed", "close it with }"),
    ("expected the node content", "expected a value", "check the brackets and commas"),
    ("found unexpected end of stream", "a quoted text is not closed", "add the closing quote"),
    ("block sequence entries are not allowed here", 'a "- " can\'t stand here', "begin the list on a line of its own"),
    ("block mapping keys are not allowed", "a key can't stand here", "begin it on a line of its own"),
    ("found unknown escape character", "unknown escape in a quoted text", "use single quotes where \\ is meant"),
    ("found undefined tag handle", "a spec uses no tags (!)", _QUOTE),
    ("expected '<document start>'", "expected the end of the spec", "check the indentation and open brackets"),
)
"""Part of PyYAML's message, what is said instead, what to try."""


def read_events(source: Source, text: str) -> Iterator[yaml.Event]:
    """What PyYAML's pure-Python parser finds in the text, one event at a time. SpecError where it stumbles."""
    try:
        loader = yaml.SafeLoader(text)
        yield from _events(loader, source)
    except yaml.YAMLError as error:
        raise SpecError([_explain(error, source)]) from None


def _events(loader: yaml.SafeLoader, source: Source) -> Iterator[yaml.Event]:
    event: yaml.Event | None = None
    while not isinstance(event, yaml.StreamEndEvent):
        try:
            event = loader.get_event()  # type: ignore[no-untyped-call]  # its stubs leave it untyped
        except (ValueError, OverflowError):  # an escape such as "\UFFFFFFFF", a version of a thousand digits
            mark = loader.get_mark()
            span = Span(source, mark.line, mark.column, 1)
            message = "expected YAML, found an escape or a number out of range"
            raise SpecError([Problem((), message, "", span.where, span.excerpt)]) from None
        yield event


def _explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The problem behind an error of PyYAML's reader, scanner or parser."""
    if isinstance(error, yaml.reader.ReaderError):
        span = source.span_of(error.position)
        return Problem((), "expected text, found a control character", "remove it", span.where, span.excerpt)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        span = source.span_of(0)
        return Problem((), "expected YAML, found something else", "", span.where, span.excerpt)
    mark, problem = error.problem_mark, error.problem or ""
    if "found unexpected end of stream" in problem and error.context_mark is not None:
        mark = error.context_mark
    span = _word(source, mark.line, mark.column)
    known = [(message, hint) for part, message, hint in _EXPLANATIONS if part in problem]
    message, hint = known[0] if known else (f"not valid YAML: {problem}", "")
    return Problem((), message + _opened(error), hint, span.where, span.excerpt)


def _opened(error: yaml.MarkedYAMLError) -> str:
    """Where the collection or text began that the error is in."""
    if error.context_mark is None or error.problem_mark is None or error.context_mark.line == error.problem_mark.line:
        return ""
    return f" (what it is in began on line {error.context_mark.line + 1})"


def _word(source: Source, line: int, column: int) -> Span:
    """The word at a place; where a line or the text ends there, the last character before."""
    text = source.line(line)
    while column >= len(text) and line > 0 and not text.strip():
        line -= 1
        text = source.line(line)
        column = len(text)
    column = min(column, max(0, len(text) - 1))
    length = len(text[column:].split()[0]) if text[column:].strip() else 1
    return Span(source, line, column, length)

"""Strict YAML: the part of the language that a spec is written in, with places kept.

Built on the events of PyYAML's pure-Python loader (the C one crashes on deep nesting). Scalars follow YAML 1.2.
Anchors, aliases, merge keys, tags, several documents and duplicate keys are refused; depth, size, the number of values
and the length of names are capped, so that no text, however meant, takes long or much memory.
"""

from collections.abc import Iterator
from typing import cast

import yaml

from stq.errors import Problem, SpecError
from stq.spec._node import Node, Path
from stq.spec._scalars import read_scalar
from stq.spec._source import Source, Span
from stq.spec._syntax import read_events

LARGEST = 128 * 1024
"""Characters of the longest spec that is read."""

_MOST = 5000
"""Keys, values and lists of the largest spec; a spec needs a hundred, and one for each file that it lists."""

_LONGEST_KEY = 200
"""Characters of the longest name of a key."""

_DEEPEST = 20
"""Levels of nesting; a spec needs five."""


def read_yaml(source: Source, text: str | None = None) -> tuple[Node, list[Problem]]:
    """The tree of a text, and what in it is not allowed but leaves the rest readable.

    `text` is what is read where that is the source with a part blanked out; default all of the source.

    SpecError where the text can't be read on: a syntax error, too large, too deep, no single mapping or value.
    """
    if len(source.text) > LARGEST:
        raise SpecError([_problem(source.span_of(0), f"expected at most {LARGEST // 1024} kB, found a longer text")])
    return _Reader(source, source.text if text is None else text).document()


def _problem(span: Span, message: str, hint: str = "", path: Path = ()) -> Problem:
    return Problem(path, message, hint, span.where, span.excerpt)


_Decorated = yaml.ScalarEvent | yaml.CollectionStartEvent
"""The events that may carry an anchor or a tag."""


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._problems: list[Problem] = []
        self._count = 0
        self._events = read_events(source, text)
        self._last = next(self._events)  # the start of the stream

    def document(self) -> tuple[Node, list[Problem]]:
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise SpecError([_problem(self._source.span_of(0), "expected a value, found an empty text")])
        node = self._node(next(self._events), ())
        next(self._events)  # end of document
        following = next(self._events)
        if isinstance(following, yaml.DocumentStartEvent):
            raise SpecError([_problem(self._span(following), "expected one document, found a second one")])
        return node, self._problems

    def _node(self, event: yaml.Event, path: Path) -> Node:
        if len(path) > _DEEPEST:
            raise SpecError([_problem(self._span(event), f"expected at most {_DEEPEST} levels, found deeper nesting")])
        span = self._span(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(span, path, "an alias (*)", "write the value out")
            return Node(None, span)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            self._refuse_decoration(event, path)
            return Node(self._entries(path), self._span(event, self._last))
        self._refuse_decoration(cast(yaml.SequenceStartEvent, event), path)
        return Node(list(self._items(path)), self._span(event, self._last))

    def _next(self) -> yaml.Event:
        self._last = next(self._events)
        self._count += 1
        if self._count > _MOST:
            raise SpecError([_problem(self._span(self._last), f"expected at most {_MOST} keys and values, found more")])
        return self._last

    def _refuse(self, span: Span, path: Path, what: str, hint: str) -> None:
        self._problems.append(
            _problem(span, f"expected plain YAML, found {what}, which a spec does not use", hint, path)
        )

    def _refuse_decoration(self, event: _Decorated, path: Path) -> None:
        span = self._span(event)
        if event.anchor is not None:
            self._refuse(span, path, f"an anchor (&{event.anchor})", "write the value where it is used")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(span, path, f"a tag ({tag})", "leave it out: types follow from the text")

    def _items(self, path: Path) -> Iterator[Node]:
        index = 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, (*path, index))
            index += 1

    def _entries(self, path: Path) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key_span = self._span(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise SpecError([_problem(key_span, "expected a name as a key, found something else", path=path)])
            key = self._text(event, path)
            if len(key) > _LONGEST_KEY:
                message = f"expected a key of at most {_LONGEST_KEY} characters, found {len(key)}"
                raise SpecError([_problem(key_span, message, path=path)])
            child = self._node(self._next(), (*path, key))
            child.key_span = key_span
            if child.value_span.line > key_span.line and isinstance(child.content, dict | list):
                child.value_span = key_span  # an indented block: its key names it
            if key in entries:
                self._duplicate(key, key_span, entries[key].key_span or key_span, (*path, key))
            elif key == "<<" and event.style is None:
                self._refuse(key_span, (*path, key), "a merge key (<<)", "write the keys out")
            else:
                entries[key] = child
        return entries

    def _duplicate(self, key: str, span: Span, first: Span, path: Path) -> None:
        message = f'the key "{key}" stands here and at {first.where}'
        self._problems.append(_problem(span, message, "keep one of the two", path))

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Node:
        span = self._span(event)
        text = self._text(event, path)
        try:
            return Node(read_scalar(text) if event.style is None else text, span)
        except ValueError as error:
            self._problems.append(_problem(span, str(error), path=path))
            return Node(None, span)

    def _text(self, event: yaml.ScalarEvent, path: Path) -> str:
        self._refuse_decoration(event, path)
        text: str = event.value
        if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
            self._problems.append(
                _problem(self._span(event), "expected text, found an escape that stands for no character", path=path)
            )
            return ""
        return text

    def _span(self, event: yaml.Event, last: yaml.Event | None = None) -> Span:
        """From the event to the last one that belongs to it, or to the end of the line where that comes sooner."""
        start, end = cast(yaml.Mark, event.start_mark), cast(yaml.Mark, (last or event).end_mark)
        line_end = end.column if end.line == start.line else len(self._source.line(start.line).rstrip())
        return Span(self._source, start.line, start.column, max(1, line_end - start.column))

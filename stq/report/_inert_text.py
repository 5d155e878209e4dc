"""Text that a terminal shows and does not act on."""

import unicodedata

_KEPT = "\n\t"


def inert_text(text: str) -> str:
    """The text with every control character spelled out (`\\x1b`), but for ends of lines and tabs.

    A name in a file may hold the sequences by which a terminal is told to move, to recolour, or to report; and the
    marks that turn the direction of writing, by which a text looks like another. Both come out as plain characters.
    """
    if text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode()

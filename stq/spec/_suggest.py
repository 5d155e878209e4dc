"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The nearest of the candidates, whatever the case; None where none is near.

    A word that begins exactly one of the candidates (`32` for `32-true`) counts as near.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    lower = word.lower()
    near = get_close_matches(lower, by_lower, n=1, cutoff=0.6)
    if not near and len(lower) > 1:
        longer = [candidate for candidate in by_lower if candidate.startswith(lower)]
        near = longer if len(longer) == 1 else []
    return by_lower[near[0]] if near else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The suggestion as a hint; empty where there is none."""
    nearest = suggest(word, candidates)
    return f'did you mean "{nearest}"?' if nearest else ""

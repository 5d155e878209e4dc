"""A dict that stays as it was made."""

from typing import NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that can be hashed and can't be changed, so that a frozen model is frozen all the way down.

    It is a real dict for everything that reads one (JSON, YAML, pydantic, `**`).
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a spec is frozen; make a changed copy with model_copy(update=...) or dict(...)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return type(self), (dict(self),)

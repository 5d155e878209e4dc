"""The numbers of a nested document, each under the path that leads to it."""

from collections.abc import Mapping


def flat(document: object, path: str = "") -> dict[str, object]:
    """Leaves by path; texts and None are leaves too."""
    if isinstance(document, Mapping):
        return {key: leaf for name, each in document.items() for key, leaf in flat(each, f"{path}.{name}").items()}
    if isinstance(document, list | tuple):
        return {key: leaf for n, each in enumerate(document) for key, leaf in flat(each, f"{path}.{n}").items()}
    return {path.removeprefix("."): document}

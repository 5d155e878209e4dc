"""The text under each field of a section, read from the source when somebody asks.

pydantic would read it as the classes are made (`use_attribute_docstrings`), a tenth of the time in which a typing
mistake is told; a schema, a template or a page of documentation can wait for it.
"""

import ast
import inspect
import textwrap
from functools import cache

from pydantic import BaseModel


@cache
def field_docs(section: type[BaseModel]) -> dict[str, str]:
    """What stands under each field, by its name, in the class or in one that it inherits from."""
    texts: dict[str, str] = {}
    for kind in reversed(section.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel and kind.__module__ != BaseModel.__module__:
            texts |= _texts_in(kind)
    return {name: text for name, text in texts.items() if name in section.model_fields}


def _texts_in(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)  # for the type checker: the source of a class is one
    texts = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = inspect.cleandoc(text)
    return texts

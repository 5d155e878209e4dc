"""The models that a spec may name, with what a person needs to use them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stq.models import Forecaster, build_model, model_options
from stq.options import OptionInfo
from stq.registry import ModelEntry, load_models
from stq.testing import tiny_model_context


@dataclass(frozen=True)
class ModelCard:
    """What a person needs to use a model. `text` is its docstring: what it computes, and its source.

    `groups` are its parameter groups, each with patterns over parameter names, of one that is built for a tiny run with
    its default options, quantiles and a location encoder; None where it can't be built so. `compiles` says whether it
    has parts for `model.compile`.
    """

    name: str
    groups: Mapping[str, tuple[str, ...]] | None
    compiles: bool | None
    options: Mapping[str, OptionInfo]
    distribution: str
    summary: str
    text: str

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON; types and defaults as text where JSON has none for them."""
        return {
            **vars(self),
            "groups": None if self.groups is None else {name: list(found) for name, found in self.groups.items()},
            "options": {name: vars(option) for name, option in self.options.items()},
        }


def list_models(local: tuple[Path, ...] = ()) -> tuple[ModelCard, ...]:
    """Every model that a spec may name, by name; `local` are plugin files to count in."""
    registry = load_models(local)
    return tuple(model_card(name, registry.get(name)) for name in sorted(registry))


def models_left_out() -> tuple[str, ...]:
    """Why some that are installed are not in that list: broken plugins, and names that several of them bring."""
    return load_models().left_out


def show_model(name: str) -> ModelCard:
    """The model of that name. Raises PluginError with the nearest name, or with the distributions that clash."""
    return model_card(name, load_models().get(name))


def model_card(name: str, entry: ModelEntry) -> ModelCard:
    """One model."""
    text, built = inspect.getdoc(entry.cls) or "", tiny_one(entry.cls)
    return ModelCard(
        name=name,
        groups=None if built is None else {group: tuple(found) for group, found in built.groups().items()},
        compiles=None if built is None else any(True for _ in built.compiled_parts()),
        options=model_options(entry.cls),
        distribution=entry.distribution,
        summary=text.split("\n")[0],
        text=text,
    )


def tiny_one(cls: type[Forecaster]) -> Forecaster | None:
    """The model for a tiny run; None where an option is required, or a constructor fails."""
    try:
        return build_model(cls, {}, replace(tiny_model_context(), location_degree=1))
    except Exception:  # whatever the constructor of a stranger raises: a list names what is installed
        return None
